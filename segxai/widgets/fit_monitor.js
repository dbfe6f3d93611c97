// The monitor of a fit. Python trains and sends small pictures of each iteration; everything that looks back at them, from
// the scrubber to the choice of a class, happens here.

const PLAY_EVERY = 450; // ms for each iteration
// Neighbouring numbers are far apart in lightness; the number is written on each class as well.
const SHADES = [[213, 94, 0], [11, 95, 165], [246, 178, 122], [143, 191, 230], [122, 54, 0], [7, 55, 99], [253, 227, 204], [214, 233, 248]];
const IGNORED = 255;

async function render({ model, el }) {
  const listen = listener(model), commit = committer(model);
  const root = prepare(el, "sx-fit");
  const get = (key) => model.get(key);
  const photo = await decode(get("photo")), given = bytesOf(numbersOf(await decode(get("annotation"))));
  const { width, height } = photo;
  let run = -1, settings = null; // of the frames below
  let steps = new Map(), end = null, frames = []; // by iteration; after the last update; all of them in order
  let shown = -1, following = true, playing, stopping = false;

  // --- elements -------------------------------------------------------------------------------------------------
  const rate = make("input", { type: "number", min: "1e-12", step: "any", required: true, class: "sx-rate" });
  const stride = make("select", {}, ...[32, 16, 8].map((n) => make("option", { value: n, text: String(n) })));
  const iterations = make("input", { type: "number", min: 1, max: 50, step: 1, required: true });
  const trainable = make("select", {}, make("option", { value: "all", text: "all weights" }), make("option", { value: "head", text: "score heads only" }));
  const start = make("button", { type: "button", text: "Start" });
  const stop = make("button", { type: "button", text: "Stop" });
  const single = make("button", { type: "button", text: "Step" });
  const status = make("p", { class: "sx-status", role: "status" });
  const error = make("p", { class: "sx-error", role: "alert" });
  const play = make("button", { type: "button", text: "Play" });
  const scrub = make("input", { type: "range", min: 0, max: 0, step: 1, class: "sx-scrub" });
  const place = make("output", { class: "sx-value" });
  const said = make("p", { class: "sx-said" });
  const chosen = make("select", {});
  const opacity = make("input", { type: "range", min: 0, max: 1, step: 0.05 });
  const maps = ["annotation", "argmax", "probability"].map((kind) => {
    const canvas = make("canvas", { width, height, role: "img", "data-map": kind });
    const caption = make("figcaption");
    return { kind, canvas, caption, figure: make("figure", {}, caption, canvas) };
  });
  const scale = make("p", { class: "sx-scale" }, make("span", { text: "0" }), make("span", { class: "sx-scale-bar", "aria-hidden": "true" }), make("span", { text: "1" }));
  maps[2].figure.append(scale);
  const lossChart = drawn("svg", { role: "img" }), iouChart = drawn("svg", { role: "img" });
  const lossTitle = make("figcaption", { text: "Loss before each update" }), iouTitle = make("figcaption");
  const rows = make("tbody");
  const table = make("div", { class: "sx-scroll", tabindex: 0, role: "group", "aria-label": "Intersection over union of each class" },
    make("table", {}, make("thead", {}, make("tr", {}, make("th", { scope: "col", text: "class" }), make("th", { scope: "col", text: "IoU" }))), rows));
  root.append(
    make("div", { class: "sx-toolbar", role: "group", "aria-label": "Settings of the training" },
      labelled("learning rate", rate), labelled("stride", stride), labelled("iterations", iterations), labelled("train", trainable)),
    make("div", { class: "sx-toolbar" }, make("span", { class: "sx-field", role: "group", "aria-label": "Training" }, start, stop, single), status),
    error,
    make("div", { class: "sx-toolbar", role: "group", "aria-label": "Looking back" },
      make("span", { class: "sx-field sx-wide" }, play, labelled("iteration", scrub, place)), labelled("probability of", chosen), labelled("opacity", opacity)),
    said,
    make("div", { class: "sx-panels" }, ...maps.map((map) => map.figure),
      make("figure", {}, lossTitle, lossChart), make("figure", {}, iouTitle, iouChart), table));
  watchPython(model, root, listen, "Looking back still works; training waits.");

  // --- frames: decoded one after the other, in the order in which they came ------------------------------------------
  let coming = Promise.resolve();
  const later = (work) => { coming = coming.then(work).catch((problem) => console.error(problem)); return coming; };

  function begin(content) {
    if (content.run < run) return false;
    if (content.run > run) { run = content.run; steps = new Map(); end = null; following = true; }
    settings = content.settings;
    return true;
  }
  async function take(frame, labels, probabilities) {
    const known = frame.final ? end?.iteration === frame.iteration : steps.has(frame.iteration);
    if (known || (frame.final && steps.size > frame.iteration)) return;
    frame = { ...frame, labels: bytesOf(numbersOf(await decode(labels))), planes: planesOf(await decode(probabilities), get("names").length) };
    if (frame.final) end = frame;
    else { steps.set(frame.iteration, frame); if (end && end.iteration < frame.iteration) end = null; }
  }
  function order() {
    const before = frames[shown];
    frames = [...steps.values()].sort((a, b) => a.iteration - b.iteration);
    if (end) frames.push(end);
    const kept = frames.indexOf(before);
    shown = following || kept < 0 ? frames.length - 1 : kept;
    root.dataset.frames = frames.length;
    showFrame();
    showButtons();
  }
  listen.model("msg:custom", (content, buffers) => later(async () => {
    if (content.frame && begin(content)) { await take(content.frame, buffers[0], buffers[1]); order(); }
  }));
  const readHistory = () => later(async () => {
    const history = get("history");
    if (history.run === undefined || !begin(history)) return;
    for (const frame of history.frames) await take(frame, frame.labels, frame.probabilities);
    order();
  });
  listen.model("change:history", readHistory);

  // --- drawing --------------------------------------------------------------------------------------------------
  const nameOf = (k) => `${k} ${short(get("names")[k], 28)}`;
  const theClass = () => Math.min(get("shown_class"), get("names").length - 1);

  function paintClasses(canvas, labels, spots) {
    const pen = canvas.getContext("2d"), image = pen.createImageData(width, height), from = photo.data, to = image.data;
    const alpha = get("opacity");
    for (let i = 0, p = 0; i < labels.length; i++, p += 4) {
      const k = labels[i], edge = (i % width && labels[i - 1] !== k) || (i >= width && labels[i - width] !== k);
      const next = ((i + 1) % width && labels[i + 1] !== k) || (i + width < labels.length && labels[i + width] !== k);
      const shade = k === IGNORED ? [128, 128, 128] : SHADES[k % SHADES.length];
      for (let c = 0; c < 3; c++) to[p + c] = edge ? 255 : next ? 30 : from[p + c] * (1 - alpha) + shade[c] * alpha;
      to[p + 3] = 255;
    }
    pen.putImageData(image, 0, 0);
    Object.assign(pen, { font: "700 15px system-ui, sans-serif", textAlign: "center", textBaseline: "middle", lineJoin: "round", lineWidth: 4, strokeStyle: "#ffffff", fillStyle: "#1b1b1b" });
    spots.forEach((spot, k) => {
      if (!spot) return;
      const x = Math.max(10, Math.min(width - 10, spot[0] * width)), y = Math.max(10, Math.min(height - 10, spot[1] * height));
      pen.strokeText(String(k), x, y);
      pen.fillText(String(k), x, y);
    });
  }

  function paintProbability(canvas, planes, k) {
    const pen = canvas.getContext("2d"), image = pen.createImageData(width, height), from = photo.data, to = image.data;
    const alpha = get("opacity"), plane = planes.of[k], colours = Array.from({ length: 256 }, (_, v) => colourOf((2 * v) / 255 - 1));
    for (let y = 0, p = 0; y < height; y++) {
      const row = Math.floor(((y + 0.5) * planes.height) / height) * planes.width;
      for (let x = 0; x < width; x++, p += 4) {
        const colour = colours[plane[row + Math.floor(((x + 0.5) * planes.width) / width)]];
        const grey = 128 + (0.299 * from[p] + 0.587 * from[p + 1] + 0.114 * from[p + 2]) / 2; // lightened, as in the static figures
        for (let c = 0; c < 3; c++) to[p + c] = grey * (1 - alpha) + colour[c] * alpha;
        to[p + 3] = 255;
      }
    }
    pen.putImageData(image, 0, 0);
  }

  const mean = (values) => { const there = values.filter((v) => v != null); return there.length ? there.reduce((a, b) => a + b) / there.length : null; };
  const three = (value) => (value == null ? "none" : value.toFixed(3));
  // A name is a stranger's text in a script of its own; it must not turn the sentence around it.
  const naming = (node, before, k, after = "") => node.replaceChildren(before, make("bdi", { text: nameOf(k) }), after);

  function showFrame() {
    const frame = frames[shown], k = theClass(), names = get("names"), count = steps.size;
    const [drawing, argmax, probability] = maps;
    paintClasses(drawing.canvas, given, get("spots"));
    drawing.caption.textContent = "Annotation";
    drawing.canvas.setAttribute("aria-label", `The photograph with its annotation: ${names.slice(0, 12).map((_, i) => nameOf(i)).join(", ")}`);
    const when = !frame ? "" : frame.final ? `after ${count} update${count === 1 ? "" : "s"}` : `iteration ${frame.iteration}`;
    argmax.caption.textContent = frame ? `Argmax, ${when}` : "Argmax";
    naming(probability.caption, "Probability of ", k, frame ? `, ${when}` : "");
    if (frame) {
      paintClasses(argmax.canvas, frame.labels, frame.spots);
      paintProbability(probability.canvas, frame.planes, k);
    } else {
      for (const map of [argmax, probability]) map.canvas.getContext("2d").putImageData(photo, 0, 0);
    }
    argmax.canvas.setAttribute("aria-label", frame ? `The most probable class of each pixel, ${when}. IoU: ${names.slice(0, 12).map((_, i) => `${nameOf(i)} ${three(frame.iou[i])}`).join(", ")}` : "The photograph; no iteration yet");
    probability.canvas.setAttribute("aria-label", frame ? `Probability of ${nameOf(k)}, ${when}: mean ${(average(frame.planes.of[k]) / 255).toFixed(2)}` : "The photograph; no iteration yet");
    scrub.max = Math.max(0, frames.length - 1);
    scrub.value = Math.max(0, shown);
    scrub.disabled = frames.length < 2;
    setDisabled(play, frames.length < 2);
    place.textContent = !frame ? "none" : frame.final ? "end" : `${frame.iteration} of ${count}`;
    said.textContent = !frame ? "Press Start, or Step for a single iteration."
      : `${frame.final ? `After ${count} update${count === 1 ? "" : "s"}, dropout off` : `Iteration ${frame.iteration}, before its update`}: loss ${loud(frame.loss)}, `
        + `${brief(frame.loss / get("pixels"))} per pixel; mean IoU ${three(mean(frame.iou))}.`;
    scrub.setAttribute("aria-valuetext", frame ? said.textContent : "no iteration yet");
    showCharts(k, frame);
    rows.replaceChildren(...names.map((name, i) => {
      const swatch = make("span", { class: "sx-swatch", "aria-hidden": "true" });
      swatch.style.background = `rgb(${SHADES[i % SHADES.length]})`;
      return make("tr", {}, make("th", { scope: "row" }, make("span", { class: "sx-class" }, swatch, make("span", { text: String(i) }), make("span", { class: "sx-name", dir: "auto", title: name, text: name }))),
        make("td", { text: frame ? three(frame.iou[i]) : "–" }));
    }));
  }

  function showCharts(k, frame) {
    const common = { ends: Boolean(end), last: Math.max(steps.size, Number(get("iterations"))), at: shown };
    const losses = frames.map((f) => f.loss), ious = frames.map((f) => f.iou[k]), means = frames.map((f) => mean(f.iou));
    drawChart(lossChart, { ...common, lines: [{ kind: "blue", values: losses }], yLabel: "summed loss" });
    drawChart(iouChart, { ...common, lines: [{ kind: "blue", values: ious }, { kind: "orange", values: means }], most: 1, yLabel: "IoU" });
    naming(iouTitle, "IoU: ● ", k, ", ■ mean of all classes");
    lossChart.setAttribute("aria-label", frame ? `Loss: from ${loud(losses[0])} to ${loud(losses.at(-1))}; here ${loud(frame.loss)}` : "Loss: no iteration yet");
    iouChart.setAttribute("aria-label", frame ? `Intersection over union of ${nameOf(k)}: from ${three(ious[0])} to ${three(ious.at(-1))}; here ${three(frame.iou[k])}` : "Intersection over union: no iteration yet");
  }

  // Not `disabled`: a button that ends under the finger would take the keyboard's place on the page with it.
  const setDisabled = (button, off) => { button.setAttribute("aria-disabled", String(off)); };
  const usable = (button) => button.getAttribute("aria-disabled") !== "true";

  function showButtons() {
    const running = get("running"), same = settings && !get("error")
      && settings[0] === get("learning_rate") && settings[1] === get("stride") && settings[2] === get("trainable");
    setDisabled(start, running);
    setDisabled(single, running);
    setDisabled(stop, !running);
    start.textContent = !steps.size ? "Start" : same && (running || steps.size < get("iterations")) ? "Continue" : "Start again";
    stopping &&= running;
    status.textContent = stopping ? "Stopping after this iteration …"
      : running && steps.size ? `${get("status")} ${steps.size} of ${get("iterations")} iterations` : get("status");
    error.textContent = get("error") ? `Error: ${get("error")}` : "";
    root.dataset.running = running;
  }

  function showSettings() {
    for (const [control, key] of [[rate, "learning_rate"], [stride, "stride"], [iterations, "iterations"], [trainable, "trainable"]]) {
      if (document.activeElement !== control || Number(control.value) !== get(key)) control.value = get(key);
    }
    opacity.value = get("opacity");
    chosen.replaceChildren(...get("names").map((name, k) => make("option", { value: k, text: nameOf(k) })));
    chosen.value = theClass();
  }

  // --- acting ---------------------------------------------------------------------------------------------------
  function ask(what, button) {
    if (!usable(button)) return;
    const fields = [rate, iterations];
    if (what !== "stop" && !fields.every((field) => field.reportValidity())) return;
    const now = what === "stop" ? {} : { learning_rate: Number(rate.value), stride: Number(stride.value), iterations: Number(iterations.value), trainable: trainable.value };
    if (what === "stop") { stopping = true; showButtons(); } else following = true;
    try { model.send({ do: what, settings: now }); } catch { /* Python is away; the page says so */ }
  }
  function show(index) {
    shown = Math.max(0, Math.min(frames.length - 1, index));
    following = shown === frames.length - 1;
    showFrame();
  }
  function rest() { clearInterval(playing); playing = undefined; play.textContent = "Play"; }
  listen.ending(rest);
  listen.on(start, "click", () => ask("start", start));
  listen.on(stop, "click", () => ask("stop", stop));
  listen.on(single, "click", () => ask("step", single));
  listen.on(play, "click", () => {
    if (playing) { rest(); return; }
    if (!usable(play)) return;
    if (shown === frames.length - 1) show(0);
    play.textContent = "Pause";
    playing = setInterval(() => { show(shown + 1); if (shown === frames.length - 1) rest(); }, PLAY_EVERY);
  });
  listen.on(scrub, "input", () => { rest(); show(Number(scrub.value)); });
  for (const chart of [lossChart, iouChart]) listen.on(chart, "click", (event) => { if (frames.length) { rest(); show(chart.frameAt(event.clientX)); } });
  for (const [control, key] of [[rate, "learning_rate"], [iterations, "iterations"], [stride, "stride"], [trainable, "trainable"]]) {
    listen.on(control, "input", () => {
      if (control.checkValidity()) commit(key, key === "trainable" ? control.value : Number(control.value));
    });
  }
  listen.on(chosen, "change", () => commit("shown_class", Number(chosen.value)));
  listen.on(opacity, "input", () => commit("opacity", Number(opacity.value)));
  listen.model("change:running change:status change:error", showButtons);
  listen.model("change:shown_class change:opacity change:iterations", showFrame);
  listen.model("change:learning_rate change:stride change:iterations change:trainable change:shown_class", () => { showSettings(); showButtons(); });

  showSettings();
  showFrame();
  showButtons();
  await readHistory();
  if (get("running")) { try { model.send({ do: "frames" }); } catch { /* Python is away */ } }
  root.dataset.ready = "true";
  return () => listen.end();
}

const bytesOf = (numbers) => Uint8Array.from(numbers);
const average = (values) => values.reduce((sum, v) => sum + v, 0) / values.length;
const loud = (value) => (value >= 1e6 ? brief(value) : Math.round(value).toLocaleString("en"));

// The classes' probabilities, 0..255, lie below each other in one grey picture.
function planesOf({ data, width, height }, count) {
  const each = height / count, of = [];
  for (let k = 0; k < count; k++) of.push(Uint8Array.from({ length: width * each }, (_, i) => data[4 * (k * width * each + i)]));
  return { width, height: each, of };
}
