// A line chart over the iterations, as SVG: axes with numbers, a mark for each value, the current iteration pointed out.

const CHART = { width: 360, height: 214, left: 58, right: 346, top: 20, bottom: 172 };

function drawn(tag, props = {}, ...children) {
  const node = document.createElementNS("http://www.w3.org/2000/svg", tag);
  for (const [key, value] of Object.entries(props)) {
    if (key === "text") node.textContent = value;
    else node.setAttribute(key, value);
  }
  node.append(...children);
  return node;
}

const brief = (value) => (Math.abs(value) >= 1e6 ? value.toExponential(1).replace("e+", "e") : value.toLocaleString("en", { maximumSignificantDigits: 3 }));
// On an axis: 300k instead of 300,000, which would not fit.
const onAxis = (value) => (value >= 10_000 && value < 1e6 ? `${value / 1000}k` : brief(value));

// 0, and up to five round numbers above it.
function roundTicks(most) {
  const power = 10 ** Math.floor(Math.log10(most / 4));
  const gap = [1, 2, 5, 10].map((n) => n * power).find((n) => most / n <= 5);
  const ticks = [];
  for (let n = 0; n * gap <= most * 1.0001; n++) ticks.push(n * gap);
  return ticks;
}

// Circles and squares differ in form, not only in colour; what came after the last update is a diamond.
function mark(kind, x, y, size, end) {
  const key = `sx-mark sx-${kind}`;
  if (end) return drawn("path", { class: key, d: `M${x} ${y - size - 2}l${size + 2} ${size + 2}l${-size - 2} ${size + 2}l${-size - 2} ${-size - 2}z` });
  if (kind === "orange") return drawn("rect", { class: key, x: x - size, y: y - size, width: 2 * size, height: 2 * size });
  return drawn("circle", { class: key, cx: x, cy: y, r: size });
}

// lines: [{ kind: "blue" | "orange", values: [number or null for each frame] }]; ends: whether the last frame is the one after
// the last update; last: the last iteration that the axis must reach; at: the current frame; most: the top, else the largest.
function drawChart(svg, { lines, ends, last, at, most, yLabel }) {
  const { width, height, left, right, top, bottom } = CHART, count = lines[0].values.length;
  const columns = Math.max(last + 1, count), highest = most || Math.max(0, ...lines.flatMap((line) => line.values.map(Number))) || 1;
  const ticks = roundTicks(highest), roof = Math.max(highest, ticks.at(-1)) * (most ? 1 : 1.05);
  const x = (i) => left + 8 + (i / Math.max(1, columns - 1)) * (right - left - 16), y = (value) => bottom - (value / roof) * (bottom - top);
  const parts = [];
  for (const tick of ticks) {
    parts.push(drawn("line", { class: "sx-grid", x1: left, x2: right, y1: y(tick), y2: y(tick) }),
      drawn("text", { x: left - 5, y: y(tick) + 4, "text-anchor": "end", text: onAxis(tick) }));
  }
  const every = [1, 2, 5, 10].find((n) => columns / n <= 13), steps = ends ? count - 1 : columns - 1;
  for (let i = 0; i < columns; i++) {
    const end = ends && i === count - 1, number = i + 1;
    // Beside the word "end" there is no room for a number.
    if (!end && (i >= Math.max(steps, last) || (number !== 1 && number % every) || (ends && Math.abs(x(i) - x(count - 1)) < 24))) continue;
    parts.push(drawn("line", { class: "sx-axis", x1: x(i), x2: x(i), y1: bottom, y2: bottom + 4 }),
      drawn("text", { x: x(i), y: bottom + 17, "text-anchor": "middle", text: end ? "end" : String(number) }));
  }
  parts.push(drawn("path", { class: "sx-axis", d: `M${left} ${top}V${bottom}H${right}` }),
    drawn("text", { x: (left + right) / 2, y: height - 6, "text-anchor": "middle", text: "iteration" }),
    drawn("text", { x: 12, y: (top + bottom) / 2, "text-anchor": "middle", transform: `rotate(-90 12 ${(top + bottom) / 2})`, text: yLabel }));
  if (at >= 0) parts.push(drawn("line", { class: "sx-now", x1: x(at), x2: x(at), y1: top, y2: bottom }));
  const texts = [];
  for (const { kind, values } of lines) {
    let path = "";
    values.forEach((value, i) => { if (value != null) path += `${path && values[i - 1] != null ? "L" : "M"}${x(i)} ${y(value)}`; });
    parts.push(drawn("path", { class: `sx-line sx-${kind}`, d: path }));
    values.forEach((value, i) => {
      if (value == null) return;
      parts.push(mark(kind, x(i), y(value), i === at ? 6 : 3, ends && i === count - 1));
      if (i === at) texts.push({ value, kind });
    });
  }
  // Two numbers at the current iteration never lie on each other: the larger is above its mark, the smaller below.
  texts.sort((a, b) => b.value - a.value).forEach(({ value, kind }, place) => {
    const below = place > 0 || (texts.length === 1 && y(value) < top + 22), side = at > columns / 2 ? "end" : "start";
    parts.push(drawn("text", {
      class: `sx-now-number sx-${kind}`, x: x(at) + (side === "end" ? -9 : 9), y: Math.max(top + 4, Math.min(bottom - 6, y(value) + (below ? 20 : -9))),
      "text-anchor": side, text: most ? value.toFixed(3) : brief(value),
    }));
  });
  svg.setAttribute("viewBox", `0 0 ${width} ${height}`);
  svg.replaceChildren(...parts);
  // The frame nearest to a place on the page, for the mouse.
  svg.frameAt = (clientX) => {
    const box = svg.getBoundingClientRect(), place = ((clientX - box.left) / box.width) * width;
    return Math.max(0, Math.min(count - 1, Math.round(((place - left - 8) / (right - left - 16)) * (columns - 1))));
  };
}
