// The monitor of a fit. Python trains and sends small pictures of each iteration; everything that looks back at them, from
// the scrubber to the choice of a class, happens here.

import { make, nameIn } from "../shared/elements.js";
import { watchKernel } from "../shared/kernel.js";
import { receive, send } from "../shared/messages.js";
import { brief, counted, short, whole } from "../shared/numbers.js";
import { css, SHADES } from "../shared/palette.js";
import { bytesOf, decode, numbersOf } from "../shared/pictures.js";
import { committer, listener, prepare } from "../shared/view.js";
import { drawChart } from "./chart.js";
import { Frames, meanOf } from "./frames.js";
import { arrange, makeControls, makePanels } from "./layout.js";
import { paintClasses, paintProbability } from "./maps.js";

const PLAY_EVERY = 450; // ms for each iteration
const MOST_NAMES = 12; // in a description
const SETTINGS = [["rate", "learning_rate"], ["stride", "stride"], ["iterations", "iterations"], ["trainable", "trainable"]];
const NOTHING_YET = "The photograph; no iteration yet";

const three = (value) => (value == null ? "none" : value.toFixed(3));

// Not `disabled`: a button that ends under the finger would take the keyboard's place on the page with it.
const setDisabled = (button, off) => button.setAttribute("aria-disabled", String(off));
const usable = (button) => button.getAttribute("aria-disabled") !== "true";

class Monitor {
  constructor(model, el, photo, given) {
    Object.assign(this, { model, photo, given, shown: -1, following: true, stopping: false, frames: [] });
    this.listen = listener(model);
    this.commit = committer(model);
    this.root = prepare(el, "sx-fit");
    this.store = new Frames(this.names.length);
    this.controls = makeControls();
    this.panels = makePanels(photo.width, photo.height);
    arrange(this.root, this.controls, this.panels);
    watchKernel(model, this.root, this.listen, "Looking back still works; training is paused.");
    this.connect();
    this.showSettings();
    this.showFrame();
    this.showButtons();
  }

  get(key) { return this.model.get(key); }
  get names() { return this.get("names"); }
  get chosen() { return Math.min(this.get("shown_class"), this.names.length - 1); }
  nameOf(k) { return `${k} ${short(this.names[k], 28)}`; }

  connect() {
    const { listen, model, store, controls: c, panels } = this;
    receive(listen, model, {
      frame: (content, buffers) => store.later(async () => {
        if (!this.begin(content)) return;
        await store.take(content.frame, ...buffers);
        this.order();
      }),
    });
    listen.model("change:history", () => this.readHistory());
    listen.model("change:running change:status change:error", () => this.showButtons());
    listen.model("change:shown_class change:opacity change:iterations", () => this.showFrame());
    listen.model("change:learning_rate change:stride change:iterations change:trainable change:shown_class", () => {
      this.showSettings();
      this.showButtons();
    });
    listen.ending(() => this.rest());
    for (const [button, type] of [[c.start, "start"], [c.stop, "stop"], [c.single, "step"]]) {
      listen.on(button, "click", () => this.request(type, button));
    }
    listen.on(c.play, "click", () => this.play());
    listen.on(c.scrub, "input", () => { this.rest(); this.show(Number(c.scrub.value)); });
    for (const { svg } of [panels.loss, panels.iou]) {
      listen.on(svg, "click", (event) => { if (this.frames.length) { this.rest(); this.show(svg.frameAt(event.clientX)); } });
    }
    for (const [name, key] of SETTINGS) {
      listen.on(c[name], "input", () => {
        if (c[name].checkValidity()) this.commit(key, key === "trainable" ? c[name].value : Number(c[name].value));
      });
    }
    listen.on(c.chosen, "change", () => this.commit("shown_class", Number(c.chosen.value)));
    listen.on(c.opacity, "input", () => this.commit("opacity", Number(c.opacity.value)));
  }

  // --- frames -----------------------------------------------------------------------------------------------------
  begin(content) {
    if (content.run > this.store.run) this.following = true;
    return this.store.begin(content);
  }

  readHistory() {
    return this.store.later(async () => {
      const history = this.get("history");
      if (history.run === undefined || !this.begin(history)) return;
      for (const frame of history.frames) await this.store.take(frame, frame.labels, frame.probabilities);
      this.order();
    });
  }

  order() {
    const before = this.frames[this.shown];
    this.frames = this.store.all();
    const kept = this.frames.indexOf(before);
    this.shown = this.following || kept < 0 ? this.frames.length - 1 : kept;
    this.root.dataset.frames = this.frames.length;
    this.showFrame();
    this.showButtons();
  }

  // --- what is shown ----------------------------------------------------------------------------------------------
  showFrame() {
    const frame = this.frames[this.shown], count = this.store.steps.size;
    const when = !frame ? "" : frame.final ? `after ${counted(count, "update")}` : `iteration ${frame.iteration}`;
    this.showMaps(frame, when);
    this.showPlace(frame, count);
    this.showCharts(frame);
    this.panels.rows.replaceChildren(...this.names.map((name, k) => this.tableRow(name, k, frame)));
  }

  showMaps(frame, when) {
    const { drawing, argmax, probability } = this.panels, { photo, names, chosen: k } = this, alpha = this.get("opacity");
    const each = (text) => names.slice(0, MOST_NAMES).map((_, i) => text(i)).join(", ");
    paintClasses(drawing.canvas, photo, this.given, this.get("spots"), alpha);
    drawing.caption.textContent = "Annotation";
    drawing.canvas.setAttribute("aria-label", `The photograph with its annotation: ${each((i) => this.nameOf(i))}`);
    argmax.caption.textContent = frame ? `Argmax, ${when}` : "Argmax";
    this.captionOf(probability.caption, "Probability of ", frame ? `, ${when}` : "");
    if (!frame) {
      for (const { canvas } of [argmax, probability]) {
        canvas.getContext("2d").putImageData(photo, 0, 0);
        canvas.setAttribute("aria-label", NOTHING_YET);
      }
      return;
    }
    paintClasses(argmax.canvas, photo, frame.labels, frame.spots, alpha);
    paintProbability(probability.canvas, photo, frame.planes, k, alpha);
    const mean = meanOf([...frame.planes.of[k]]) / 255;
    argmax.canvas.setAttribute("aria-label",
      `The most probable class of each pixel, ${when}. IoU: ${each((i) => `${this.nameOf(i)} ${three(frame.iou[i])}`)}`);
    probability.canvas.setAttribute("aria-label", `Probability of ${this.nameOf(k)}, ${when}: mean ${mean.toFixed(2)}`);
  }

  captionOf(node, before, after = "") { node.replaceChildren(before, nameIn(this.nameOf(this.chosen)), after); }

  showPlace(frame, count) {
    const { scrub, play, place, summary } = this.controls;
    scrub.max = Math.max(0, this.frames.length - 1);
    scrub.value = Math.max(0, this.shown);
    scrub.disabled = this.frames.length < 2;
    setDisabled(play, this.frames.length < 2);
    place.textContent = !frame ? "none" : frame.final ? "end" : `${frame.iteration} of ${count}`;
    summary.textContent = frame ? this.summaryOf(frame, count) : this.summaryBefore();
    scrub.setAttribute("aria-valuetext", frame ? summary.textContent : "no iteration yet");
  }

  summaryBefore() {
    return this.get("running") ? "The first iteration is under way." : "Press Start, or Step for a single iteration.";
  }

  summaryOf(frame, count) {
    const when = frame.final ? `After ${counted(count, "update")}, dropout off` : `Iteration ${frame.iteration}, before its update`;
    const perPixel = brief(frame.loss / this.get("pixels"));
    return `${when}: loss ${whole(frame.loss)}, ${perPixel} per pixel; mean IoU ${three(meanOf(frame.iou))}.`;
  }

  tableRow(name, k, frame) {
    const swatch = make("span", { class: "sx-swatch", "aria-hidden": "true" });
    swatch.style.background = css(SHADES[k % SHADES.length]);
    const cell = make("span", { class: "sx-class" }, swatch, make("span", { text: String(k) }),
      make("span", { class: "sx-name", dir: "auto", title: name, text: name }));
    return make("tr", {}, make("th", { scope: "row" }, cell), make("td", { text: frame ? three(frame.iou[k]) : "–" }));
  }

  showCharts(frame) {
    const { loss, iou } = this.panels, { frames, store, chosen: k } = this;
    const last = Math.max(store.steps.size, Number(this.get("iterations")));
    const common = { ends: Boolean(store.end), last, at: this.shown };
    const losses = frames.map((f) => f.loss), ious = frames.map((f) => f.iou[k]), means = frames.map((f) => meanOf(f.iou));
    drawChart(loss.svg, { ...common, lines: [{ kind: "blue", values: losses }], yLabel: "summed loss" });
    const both = [{ kind: "blue", values: ious }, { kind: "orange", values: means }];
    drawChart(iou.svg, { ...common, lines: both, most: 1, yLabel: "IoU" });
    this.captionOf(iou.caption, "IoU: ● ", ", ■ mean of all classes");
    loss.svg.setAttribute("aria-label", frame
      ? `Loss: from ${whole(losses[0])} to ${whole(losses.at(-1))}; here ${whole(frame.loss)}` : "Loss: no iteration yet");
    iou.svg.setAttribute("aria-label", frame
      ? `Intersection over union of ${this.nameOf(k)}: from ${three(ious[0])} to ${three(ious.at(-1))}; here ${three(frame.iou[k])}`
      : "Intersection over union: no iteration yet");
  }

  showButtons() {
    const { start, single, stop, status, error } = this.controls, { steps, settings } = this.store, running = this.get("running");
    const same = settings && !this.get("error")
      && settings[0] === this.get("learning_rate") && settings[1] === this.get("stride") && settings[2] === this.get("trainable");
    setDisabled(start, running);
    setDisabled(single, running);
    setDisabled(stop, !running);
    const more = same && (running || steps.size < this.get("iterations"));
    start.textContent = !steps.size ? "Start" : more ? "Continue" : "Start again";
    this.stopping &&= running;
    if (this.stopping) status.textContent = "Stopping after this iteration …";
    else {
      const done = running && steps.size ? ` ${steps.size} of ${this.get("iterations")} iterations` : "";
      status.textContent = this.get("status") + done;
    }
    error.textContent = this.get("error") ? `Error: ${this.get("error")}` : "";
    if (this.shown < 0) this.controls.summary.textContent = this.summaryBefore();
    this.root.dataset.running = running;
  }

  showSettings() {
    const { controls } = this;
    for (const [name, key] of SETTINGS) {
      const control = controls[name];
      if (document.activeElement !== control || Number(control.value) !== this.get(key)) control.value = this.get(key);
    }
    controls.opacity.value = this.get("opacity");
    controls.chosen.replaceChildren(...this.names.map((_, k) => make("option", { value: k, text: this.nameOf(k) })));
    controls.chosen.value = this.chosen;
  }

  // --- what buttons do --------------------------------------------------------------------------------------------
  request(type, button) {
    const { rate, iterations, trainable } = this.controls;
    if (!usable(button)) return;
    if (type === "stop") {
      this.stopping = true;
      this.showButtons();
      send(this.model, "stop");
      return;
    }
    if (![rate, iterations].every((field) => field.reportValidity())) return;
    this.following = true;
    const settings = Object.fromEntries(SETTINGS.map(([name, key]) => [key, Number(this.controls[name].value)]));
    settings.trainable = trainable.value;
    send(this.model, type, { settings });
  }

  show(index) {
    this.shown = Math.max(0, Math.min(this.frames.length - 1, index));
    this.following = this.shown === this.frames.length - 1;
    this.showFrame();
  }

  play() {
    const { play } = this.controls, last = () => this.shown === this.frames.length - 1;
    if (this.playing) {
      this.rest();
      return;
    }
    if (!usable(play)) return;
    if (last()) this.show(0);
    play.textContent = "Pause";
    this.playing = setInterval(() => {
      this.show(this.shown + 1);
      if (last()) this.rest();
    }, PLAY_EVERY);
  }

  rest() {
    clearInterval(this.playing);
    this.playing = undefined;
    this.controls.play.textContent = "Play";
  }
}

async function render({ model, el }) {
  const photo = await decode(model.get("photo")), given = bytesOf(numbersOf(await decode(model.get("annotation"))));
  const monitor = new Monitor(model, el, photo, given);
  await monitor.readHistory();
  if (model.get("running")) send(model, "frames"); // what came before this view
  monitor.root.dataset.ready = "true";
  return () => monitor.listen.end();
}

export default { render };
