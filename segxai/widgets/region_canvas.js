// The photograph with its regions. Hover, arrow keys and toggles are answered here, from the table of the classifier's
// answers that came with the picture; Python hears of committed choices only.

const VIEWS = { weights: "weights", borders: "borders", photograph: "photograph" };
const MOST_NUMBERS = 14; // regions whose weight is also written on the photograph

async function render({ model, el }) {
  const listen = listener(model), commit = committer(model);
  const root = prepare(el, "sx-canvas");
  const get = (key) => model.get(key);
  let scene = await load(model);
  let current = -1; // the region under the pointer or reached by the arrow keys

  // --- elements -------------------------------------------------------------------------------------------------
  const title = make("p", { class: "sx-title" });
  const view = make("select", {}, ...Object.entries(VIEWS).map(([value, text]) => make("option", { value, text })));
  const opacity = make("input", { type: "range", min: 0, max: 1, step: 0.05 });
  const threshold = make("input", { type: "range", min: 0, max: 1, step: 0.05 });
  const thresholdSays = make("output", { class: "sx-value" });
  const smaller = make("button", { type: "button", text: "−", "aria-label": "Zoom out" });
  const larger = make("button", { type: "button", text: "+", "aria-label": "Zoom in" });
  const allOn = make("button", { type: "button", text: "Show all regions" });
  const base = make("canvas", { "aria-hidden": "true" }), above = make("canvas", { class: "sx-above", "aria-hidden": "true" });
  const paper = make("div", { class: "sx-paper" }, base, above);
  const stage = make("div", {
    class: "sx-stage", tabindex: 0, role: "group", "aria-roledescription": "picture with regions",
    "aria-describedby": freshId("help"),
  }, paper);
  const help = make("p", {
    class: "sx-help", id: stage.getAttribute("aria-describedby"),
    text: "Point at a region, or move with the arrow keys. Click, or press Enter, to switch it off and on.",
  });
  const said = make("p", { class: "sx-said", "aria-live": "polite" });
  const answer = make("p", { class: "sx-answer", "aria-live": "polite" });
  const list = make("ul", { class: "sx-list", "aria-label": "Regions and their weights" });
  root.append(
    title,
    make("div", { class: "sx-toolbar", role: "group", "aria-label": "How the picture is shown" },
      labelled("show", view), labelled("opacity", opacity), labelled("hide weights below", threshold, thresholdSays),
      make("span", { class: "sx-field" }, smaller, larger), allOn),
    make("div", { class: "sx-body" }, make("div", { class: "sx-left" }, stage, help), make("div", { class: "sx-right" }, said, list, answer)));
  watchPython(model, root, listen, "Pointing and switching still work; what needs a new fit waits.");
  let rows = [];

  // --- drawing --------------------------------------------------------------------------------------------------
  const off = () => new Set(get("off"));
  const limit = () => get("limit") || Math.max(...get("weights").map(Math.abs), 1e-9);

  function paintBase() {
    const { width, height, photo, filled, labels, edge } = scene;
    const hidden = off(), weights = get("weights"), most = limit(), kind = get("view");
    const least = get("threshold") * most, alpha = kind === "weights" ? get("opacity") : 0;
    const image = scene.image.data, count = weights.length;
    // In the view of weights the photograph loses its own colours, so that none of them is taken for a weight; the stronger a
    // region, the more of its colour lies over it.
    const grey = new Float32Array(count), keep = new Float32Array(count), add = new Float32Array(3 * count), gone = new Uint8Array(count);
    for (let k = 0; k < count; k++) {
      const share = Math.min(1, Math.abs(weights[k]) / most), plain = hidden.has(k) || Math.abs(weights[k]) < least;
      gone[k] = hidden.has(k) ? 1 : 0;
      grey[k] = plain ? 0 : Math.min(1, 1.5 * alpha);
      const cover = plain ? 0 : Math.min(1, 1.4 * alpha) * (0.1 + 0.8 * share);
      keep[k] = 1 - cover;
      (weights[k] >= 0 ? BLUE : ORANGE).forEach((c, i) => { add[3 * k + i] = cover * c; });
    }
    const borders = kind !== "photograph";
    for (let i = 0, p = 0; i < labels.length; i++, p += 4) {
      const k = labels[i];
      if (borders && edge[i]) { // dark beside light, so that a border shows on any photograph; dashes where a region is off
        const dash = gone[k] && ((i % width) + Math.floor(i / width)) % 8 < 4;
        const tone = edge[i] === 1 ? (dash ? 20 : 255) : 30;
        image[p] = image[p + 1] = image[p + 2] = tone;
        continue;
      }
      const from = gone[k] ? filled : photo, own = (1 - grey[k]) * keep[k];
      const light = grey[k] * keep[k] * (128 + 0.1495 * from[p] + 0.2935 * from[p + 1] + 0.057 * from[p + 2]);
      image[p] = own * from[p] + light + add[3 * k];
      image[p + 1] = own * from[p + 1] + light + add[3 * k + 1];
      image[p + 2] = own * from[p + 2] + light + add[3 * k + 2];
    }
    base.getContext("2d").putImageData(scene.image, 0, 0);
    paintAbove();
  }

  function paintAbove() {
    const pen = above.getContext("2d"), { width, height, labels, boxes } = scene;
    pen.clearRect(0, 0, width, height);
    if (current >= 0 && boxes[current]) {
      const [x0, y0, x1, y1] = boxes[current];
      const patch = pen.createImageData(x1 - x0 + 1, y1 - y0 + 1);
      const inside = (x, y) => x >= 0 && y >= 0 && x < width && y < height && labels[y * width + x] === current;
      for (let y = y0; y <= y1; y++) {
        for (let x = x0; x <= x1; x++) {
          if (!inside(x, y)) continue;
          if (inside(x - 3, y) && inside(x + 3, y) && inside(x, y - 3) && inside(x, y + 3)) continue;
          patch.data.set([255, 212, 0, 255], 4 * ((y - y0) * patch.width + x - x0));
        }
      }
      pen.putImageData(patch, x0, y0);
    }
    if (get("view") === "weights") writeNumbers(pen);
    if (cursor) {
      pen.lineWidth = 2;
      for (const [colour, radius] of [["#1b1b1b", 9], ["#ffd400", 7]]) {
        pen.strokeStyle = colour;
        pen.beginPath();
        pen.arc(cursor.x * width, cursor.y * height, radius, 0, 2 * Math.PI);
        pen.stroke();
      }
    }
  }

  function writeNumbers(pen) {
    const weights = get("weights"), hidden = off(), least = get("threshold") * limit();
    pen.font = `600 ${Math.max(11, Math.round(scene.width / 38))}px system-ui, sans-serif`;
    pen.textAlign = "center";
    pen.textBaseline = "middle";
    pen.lineJoin = "round";
    const order = weights.map((_, k) => k).sort((a, b) => Math.abs(weights[b]) - Math.abs(weights[a])).slice(0, MOST_NUMBERS);
    for (const k of order) {
      if (Math.abs(weights[k]) < least) continue;
      const text = hidden.has(k) ? "off" : signed(weights[k], 2);
      const reach = pen.measureText(text).width / 2 + 2; // the number stays on the photograph
      const x = Math.max(reach, Math.min(scene.width - reach, get("anchors")[k][0] * scene.width)), y = Math.max(9, Math.min(scene.height - 9, get("anchors")[k][1] * scene.height));
      pen.lineWidth = 4;
      pen.strokeStyle = "#ffffff";
      pen.strokeText(text, x, y);
      pen.fillStyle = "#1b1b1b";
      pen.fillText(text, x, y);
    }
  }

  // --- the list of regions: a bar chart whose bars are switches --------------------------------------------------
  function buildRows() {
    const weights = get("weights"), names = get("names"), areas = get("areas"), most = limit();
    const order = weights.map((_, k) => k).sort((a, b) => weights[b] - weights[a] || a - b);
    rows = [];
    list.replaceChildren(...order.map((k) => {
      const share = Math.max(-1, Math.min(1, weights[k] / most));
      const bar = make("span", { class: `sx-bar ${share < 0 ? "sx-minus" : "sx-plus"}`, "aria-hidden": "true" }, make("span"));
      bar.firstChild.style.width = `${50 * Math.abs(share)}%`;
      const row = make("button", {
        type: "button", class: "sx-row", role: "switch", "aria-checked": "true", "data-region": k, title: names[k],
        "aria-label": `${names[k]}: weight ${signed(weights[k])}, ${percent(areas[k])} of the photograph`,
        onclick: () => toggle(k), onpointerenter: () => point(k), onpointerleave: () => point(-1),
        onfocus: () => point(k),
      },
        make("span", { class: "sx-name", dir: "auto", text: names[k] }), bar,
        make("span", { class: "sx-number", text: signed(weights[k]) }), make("span", { class: "sx-area", text: percent(areas[k]) }));
      rows[k] = row;
      return make("li", {}, row);
    }));
    stage.setAttribute("aria-label", `${get("title")}. ${order.slice(0, 12).map((k) => `${names[k]} ${signed(weights[k], 2)}`).join("; ")}`);
    title.textContent = get("title");
    title.dir = "auto";
  }

  function markRows() {
    const hidden = off();
    rows.forEach((row, k) => {
      row.classList.toggle("sx-lit", k === current);
      row.classList.toggle("sx-gone", hidden.has(k));
      row.setAttribute("aria-checked", String(!hidden.has(k)));
    });
    allOn.disabled = hidden.size === 0;
  }

  // A name in a sentence, which it may not turn around where it is written from right to left.
  const named = (name) => make("bdi", { text: short(name, 70) });

  function sayRegion() {
    if (current < 0) { said.textContent = "No region is pointed at."; return; }
    const gone = off().has(current);
    const told = `: weight ${signed(get("weights")[current])}, ${percent(get("areas")[current])} of the photograph${gone ? "; switched off" : ""}`;
    said.replaceChildren(named(get("names")[current]), told);
  }

  function sayAnswer() {
    const hidden = off(), names = get("names"), target = get("target"), weights = get("weights");
    const whole = `The whole photograph: ${get("full").toFixed(3)}.`;
    if (!hidden.size) { answer.replaceChildren("P(", named(target), `): ${get("full").toFixed(3)} with every region shown.`); return; }
    let code = 0, sum = get("intercept");
    weights.forEach((weight, k) => { if (!hidden.has(k)) { code += 2 ** k; sum += weight; } });
    const value = scene.values ? scene.values[code].toFixed(3) : `${sum.toFixed(3)} (estimated from the weights)`;
    const without = [...hidden].flatMap((k, i) => (i ? ["; ", named(names[k])] : [named(names[k])]));
    answer.replaceChildren("P(", named(target), ") without ", ...without, `: ${value}. ${whole}`);
  }

  // --- acting ---------------------------------------------------------------------------------------------------
  function point(k) {
    if (k === current) return;
    current = k;
    paintAbove();
    markRows();
    sayRegion();
  }

  function toggle(k) {
    if (k < 0) return;
    const hidden = off();
    hidden.has(k) ? hidden.delete(k) : hidden.add(k);
    commit("off", [...hidden].sort((a, b) => a - b));
  }

  function showOff() { paintBase(); markRows(); sayRegion(); sayAnswer(); }

  function place(event) {
    const box = base.getBoundingClientRect();
    const x = (event.clientX - box.left) / box.width, y = (event.clientY - box.top) / box.height;
    return x >= 0 && y >= 0 && x < 1 && y < 1 ? { x, y } : null;
  }

  const regionAt = (spot) => spot ? scene.labels[Math.floor(spot.y * scene.height) * scene.width + Math.floor(spot.x * scene.width)] : -1;

  // Panes of one group share the pointer, through the page and without Python.
  const me = freshId("pane");
  let cursor = null;
  const tell = (spot) => {
    if (get("group")) document.dispatchEvent(new CustomEvent("segxai:cursor", { detail: { group: get("group"), from: me, spot } }));
  };
  listen.on(document, "segxai:cursor", ({ detail }) => {
    if (detail.group !== get("group") || detail.from === me) return;
    cursor = detail.spot;
    const k = regionAt(cursor);
    if (k === current) paintAbove(); else point(k);
  });

  listen.on(base, "pointermove", (event) => { const spot = place(event); point(regionAt(spot)); tell(spot); });
  listen.on(base, "pointerleave", () => { point(-1); tell(null); });
  listen.on(base, "click", (event) => toggle(regionAt(place(event))));
  listen.on(stage, "keydown", (event) => {
    const order = [...list.querySelectorAll(".sx-row")].map((row) => Number(row.dataset.region));
    const at = order.indexOf(current), last = order.length - 1;
    const moves = {
      ArrowDown: at < last ? at + 1 : 0, ArrowRight: at < last ? at + 1 : 0,
      ArrowUp: at > 0 ? at - 1 : last, ArrowLeft: at > 0 ? at - 1 : last, Home: 0, End: last,
    };
    if (event.key in moves) point(order[moves[event.key]]);
    else if (event.key === "Enter" || event.key === " ") toggle(current);
    else if (event.key === "Escape") point(-1);
    else if (event.key === "+" || event.key === "=") zoomBy(1.5);
    else if (event.key === "-") zoomBy(1 / 1.5);
    else return;
    event.preventDefault();
    event.stopPropagation();
  });
  listen.on(stage, "blur", () => point(-1));
  listen.on(allOn, "click", () => commit("off", []));
  listen.on(view, "change", () => commit("view", view.value));
  listen.on(opacity, "input", () => commit("opacity", Number(opacity.value)));
  listen.on(threshold, "input", () => commit("threshold", Number(threshold.value)));

  function zoomBy(factor) { commit("zoom", Math.max(1, Math.min(6, get("zoom") * factor))); }
  listen.on(smaller, "click", () => zoomBy(1 / 1.5));
  listen.on(larger, "click", () => zoomBy(1.5));

  function showSettings() {
    view.value = get("view");
    opacity.value = get("opacity");
    opacity.disabled = threshold.disabled = get("view") !== "weights";
    threshold.value = get("threshold");
    thresholdSays.textContent = (get("threshold") * limit()).toFixed(3);
    paper.style.width = `${100 * get("zoom")}%`;
    smaller.disabled = get("zoom") <= 1;
    larger.disabled = get("zoom") >= 6;
  }

  function showAll() {
    for (const canvas of [base, above]) [canvas.width, canvas.height] = [scene.width, scene.height];
    paper.style.aspectRatio = `${scene.width} / ${scene.height}`;
    stage.style.maxWidth = `${Math.max(scene.width, 320)}px`;
    if (current >= get("weights").length) current = -1;
    buildRows(); showSettings(); showOff();
  }

  for (const key of ["view", "opacity", "threshold", "zoom"]) listen.model(`change:${key}`, () => { showSettings(); paintBase(); });
  listen.model("change:off", showOff);
  // A new photograph or segmentation comes with all that belongs to it in one message; it is shown when it is complete.
  let coming = 0;
  listen.model("change:labels change:photo change:filled", async () => {
    const turn = ++coming, next = await load(model);
    if (turn === coming) { scene = next; showAll(); }
  });
  // Several of these change with one message; the page is made anew once.
  let due = false;
  listen.model("change:weights change:target change:names change:title change:values change:limit", () => {
    if (due) return;
    due = true;
    queueMicrotask(() => {
      due = false;
      if (get("weights").length !== scene.count) return; // new regions: their picture is being decoded
      scene.values = tableOf(model);
      buildRows(); showSettings(); showOff();
    });
  });

  showAll();
  root.dataset.ready = "true";
  return () => listen.end();
}

function tableOf(model) {
  const bytes = model.get("values");
  if (!bytes || !bytes.byteLength) return null;
  const copy = new Uint8Array(bytes.buffer ? bytes.buffer.slice(bytes.byteOffset, bytes.byteOffset + bytes.byteLength) : bytes);
  return new Float32Array(copy.buffer);
}

async function load(model) {
  const [photo, filled, map] = await Promise.all(["photo", "filled", "labels"].map((key) => decode(model.get(key))));
  const { width, height } = map, labels = numbersOf(map), count = model.get("weights").length;
  const edge = new Uint8Array(labels.length), boxes = [];
  for (let y = 0, i = 0; y < height; y++) {
    for (let x = 0; x < width; x++, i++) {
      const k = labels[i], box = (boxes[k] ||= [x, y, x, y]);
      if (x < box[0]) box[0] = x;
      if (x > box[2]) box[2] = x;
      box[3] = y;
      if ((x + 1 < width && labels[i + 1] !== k) || (y + 1 < height && labels[i + width] !== k)) edge[i] = 1;
      else if ((x > 0 && labels[i - 1] !== k) || (y > 0 && labels[i - width] !== k)) edge[i] = 2;
    }
  }
  const image = new ImageData(width, height);
  for (let p = 3; p < image.data.length; p += 4) image.data[p] = 255;
  return { width, height, labels, edge, boxes, count, image, photo: photo.data, filled: filled.data, values: tableOf(model) };
}
