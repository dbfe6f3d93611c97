// A line chart over the iterations, as SVG: axes with numbers, a mark for each value, the current iteration pointed out.

import { makeSvg } from "../shared/elements.js";
import { brief, onAxis, roundTicks } from "../shared/numbers.js";

const CHART = { width: 360, height: 214, left: 58, right: 346, top: 20, bottom: 172 };

// Circles and squares differ in form, not only in colour; what came after the last update is a diamond.
function mark(kind, x, y, size, end) {
  const key = `sx-mark sx-${kind}`, far = size + 2;
  if (end) return makeSvg("path", { class: key, d: `M${x} ${y - far}l${far} ${far}l${-far} ${far}l${-far} ${-far}z` });
  if (kind === "orange") return makeSvg("rect", { class: key, x: x - size, y: y - size, width: 2 * size, height: 2 * size });
  return makeSvg("circle", { class: key, cx: x, cy: y, r: size });
}

// lines: [{ kind: "blue" | "orange", values: [number or null for each frame] }]; ends: whether the last frame is the one after
// the last update; last: the last iteration that the axis must reach; at: the current frame; most: the top, else the largest.
export function drawChart(svg, settings) {
  const { width, height, left, right, top, bottom } = CHART, { lines, last, most } = settings;
  const count = lines[0].values.length, columns = Math.max(last + 1, count);
  const highest = most || Math.max(0, ...lines.flatMap((line) => line.values.map(Number))) || 1;
  const ticks = roundTicks(highest), roof = Math.max(highest, ticks.at(-1)) * (most ? 1 : 1.05);
  const scale = {
    columns, count, ticks,
    x: (i) => left + 8 + (i / Math.max(1, columns - 1)) * (right - left - 16),
    y: (value) => bottom - (value / roof) * (bottom - top),
  };
  svg.setAttribute("viewBox", `0 0 ${width} ${height}`);
  svg.replaceChildren(...axes(scale, settings), ...curves(scale, settings), ...currentNumbers(scale, settings));
  // The frame nearest to a place on the page, for the mouse.
  svg.frameAt = (clientX) => {
    const box = svg.getBoundingClientRect(), place = ((clientX - box.left) / box.width) * width;
    return Math.max(0, Math.min(count - 1, Math.round(((place - left - 8) / (right - left - 16)) * (columns - 1))));
  };
}

function axes({ x, y, ticks, columns, count }, { ends, last, at, yLabel }) {
  const { height, left, right, top, bottom } = CHART, parts = [];
  for (const tick of ticks) {
    parts.push(makeSvg("line", { class: "sx-grid", x1: left, x2: right, y1: y(tick), y2: y(tick) }),
      makeSvg("text", { x: left - 5, y: y(tick) + 4, "text-anchor": "end", text: onAxis(tick) }));
  }
  const every = [1, 2, 5, 10].find((n) => columns / n <= 13), steps = ends ? count - 1 : columns - 1;
  for (let i = 0; i < columns; i++) {
    const end = ends && i === count - 1, number = i + 1;
    // Beside the word "end" there is no room for a number.
    const crowded = ends && Math.abs(x(i) - x(count - 1)) < 24;
    if (!end && (i >= Math.max(steps, last) || (number !== 1 && number % every) || crowded)) continue;
    parts.push(makeSvg("line", { class: "sx-axis", x1: x(i), x2: x(i), y1: bottom, y2: bottom + 4 }),
      makeSvg("text", { x: x(i), y: bottom + 17, "text-anchor": "middle", text: end ? "end" : String(number) }));
  }
  const middle = (top + bottom) / 2;
  parts.push(makeSvg("path", { class: "sx-axis", d: `M${left} ${top}V${bottom}H${right}` }),
    makeSvg("text", { x: (left + right) / 2, y: height - 6, "text-anchor": "middle", text: "iteration" }),
    makeSvg("text", { x: 12, y: middle, "text-anchor": "middle", transform: `rotate(-90 12 ${middle})`, text: yLabel }));
  if (at >= 0) parts.push(makeSvg("line", { class: "sx-now", x1: x(at), x2: x(at), y1: top, y2: bottom }));
  return parts;
}

function curves({ x, y, count }, { lines, ends, at }) {
  return lines.flatMap(({ kind, values }) => {
    let path = "";
    values.forEach((value, i) => { if (value != null) path += `${path && values[i - 1] != null ? "L" : "M"}${x(i)} ${y(value)}`; });
    const marks = values.map((value, i) => value != null && mark(kind, x(i), y(value), i === at ? 6 : 3, ends && i === count - 1));
    return [makeSvg("path", { class: `sx-line sx-${kind}`, d: path }), ...marks.filter(Boolean)];
  });
}

// Two numbers at the current iteration never lie on each other: the larger is above its mark, the smaller below.
function currentNumbers({ x, y, columns }, { lines, at, most }) {
  const { top, bottom } = CHART, side = at > columns / 2 ? "end" : "start";
  const there = lines.map(({ kind, values }) => ({ kind, value: values[at] })).filter(({ value }) => value != null);
  return there.sort((a, b) => b.value - a.value).map(({ value, kind }, place) => {
    const below = place > 0 || (there.length === 1 && y(value) < top + 22);
    return makeSvg("text", {
      class: `sx-now-number sx-${kind}`, x: x(at) + (side === "end" ? -9 : 9), "text-anchor": side,
      y: Math.max(top + 4, Math.min(bottom - 6, y(value) + (below ? 20 : -9))), text: most ? value.toFixed(3) : brief(value),
    });
  });
}
