// The photograph with its regions. Hover, arrow keys and toggles are answered here, from the table of the classifier's
// outputs that came with the picture; Python receives committed choices only.

import { button, freshId, labelled, make, nameIn, range, toolbar } from "../shared/elements.js";
import { watchKernel } from "../shared/kernel.js";
import { percent, short, signed } from "../shared/numbers.js";
import { committer, listener, prepare } from "../shared/view.js";
import { makeList } from "./list.js";
import { paintAbove, paintBase } from "./paint.js";
import { loadScene, tableOf } from "./scene.js";

const VIEWS = ["weights", "borders", "photograph"];
const MOST_ZOOM = 6;
const MOST_SHOWN = 70; // code points of a name in a sentence
const DESCRIBED = 12; // regions in the picture's description

class Canvas {
  constructor(model, el, scene) {
    Object.assign(this, { model, scene, current: -1, cursor: null, me: freshId("pane") });
    this.listen = listener(model);
    this.commit = committer(model);
    this.root = prepare(el, "sx-canvas");
    this.build();
    watchKernel(model, this.root, this.listen, "Pointing and switching still work; other explanations are paused.");
    this.connect();
    this.showAll();
  }

  get(key) { return this.model.get(key); }
  get weights() { return this.get("weights"); }
  get off() { return new Set(this.get("off")); }
  get limit() { return this.get("limit") || Math.max(...this.weights.map(Math.abs), 1e-9); }

  build() {
    this.title = make("p", { class: "sx-title", dir: "auto" });
    this.view = make("select", {}, ...VIEWS.map((text) => make("option", { value: text, text })));
    this.opacity = range(0, 1, 0.05);
    this.threshold = range(0, 1, 0.05);
    this.thresholdShown = make("output", { class: "sx-value" });
    this.smaller = button("−", () => this.zoomBy(1 / 1.5), { "aria-label": "Zoom out", title: "Zoom out" });
    this.larger = button("+", () => this.zoomBy(1.5), { "aria-label": "Zoom in", title: "Zoom in" });
    this.allOn = button("Turn all on", () => this.commit("off", []), { title: "Show every region again" });
    this.base = make("canvas", { "aria-hidden": "true" });
    this.above = make("canvas", { class: "sx-above", "aria-hidden": "true" });
    this.paper = make("div", { class: "sx-paper" }, this.base, this.above);
    const help = make("p", {
      class: "sx-help", id: freshId("help"),
      text: "Point at a region, or move with the arrow keys. Click, or press Enter, to switch it off and on.",
    });
    this.stage = make("div", {
      class: "sx-stage", tabindex: 0, role: "group", "aria-roledescription": "picture with regions", "aria-describedby": help.id,
    }, this.paper);
    this.pointed = make("p", { class: "sx-pointed", "aria-live": "polite" });
    this.answer = make("p", { class: "sx-answer", "aria-live": "polite" });
    this.list = makeList({ toggle: (k) => this.toggle(k), point: (k) => this.point(k) });
    this.root.append(this.title,
      toolbar("How the picture is shown",
        labelled("view", this.view), labelled("opacity", this.opacity),
        labelled("mute weaker than", this.threshold, this.thresholdShown, "Weaker regions are shown without colour"),
        make("span", { class: "sx-field" }, this.smaller, this.larger), this.allOn),
      make("div", { class: "sx-body" },
        make("div", { class: "sx-left" }, this.stage, help),
        make("div", { class: "sx-right" }, this.pointed, this.list.element, this.answer)));
  }

  connect() {
    const { listen, base, stage } = this;
    listen.on(base, "pointermove", (event) => this.moveTo(this.placeOf(event)));
    listen.on(base, "pointerleave", () => this.moveTo(null));
    listen.on(base, "click", (event) => this.toggle(this.regionAt(this.placeOf(event))));
    listen.on(stage, "keydown", (event) => this.keyed(event));
    listen.on(stage, "blur", () => this.point(-1));
    listen.on(this.view, "change", () => this.commit("view", this.view.value));
    for (const key of ["opacity", "threshold"]) listen.on(this[key], "input", () => this.commit(key, Number(this[key].value)));
    // Panes of one group share the pointer, through the page and without Python.
    listen.on(document, "segxai:cursor", ({ detail }) => {
      if (detail.group !== this.get("group") || detail.from === this.me) return;
      this.cursor = detail.spot;
      const k = this.regionAt(this.cursor);
      if (k === this.current) this.paintAbove();
      else this.point(k);
    });
    for (const key of ["view", "opacity", "threshold", "zoom"]) {
      listen.model(`change:${key}`, () => { this.showSettings(); this.paintBase(); });
    }
    listen.model("change:off", () => this.showOff());
    this.followExplanation();
  }

  followExplanation() {
    // A new photograph or segmentation comes with all that belongs to it in one message; it is shown when it is complete.
    let coming = 0;
    this.listen.model("change:labels change:photo change:filled", async () => {
      const turn = ++coming, next = await loadScene(this.model);
      if (turn !== coming) return;
      this.scene = next;
      this.showAll();
    });
    // Several of these change with one message; the page is made anew once.
    let due = false;
    this.listen.model("change:weights change:target change:names change:title change:values change:limit", () => {
      if (due) return;
      due = true;
      queueMicrotask(() => {
        due = false;
        if (this.weights.length !== this.scene.count) return; // new regions: their picture is being decoded
        this.scene.values = tableOf(this.model);
        this.showRegions();
      });
    });
  }

  // --- what is shown ----------------------------------------------------------------------------------------------
  settings() {
    return {
      off: this.off, limit: this.limit, threshold: this.get("threshold"), opacity: this.get("opacity"), view: this.get("view"),
      current: this.current, cursor: this.cursor, anchors: this.get("anchors"),
    };
  }

  paintBase() {
    paintBase(this.base.getContext("2d"), this.scene, this.weights, this.settings());
    this.paintAbove();
  }

  paintAbove() { paintAbove(this.above.getContext("2d"), this.scene, this.weights, this.settings()); }

  showRegions() {
    const { weights } = this, names = this.get("names"), title = this.get("title");
    const order = this.list.show({ weights, names, areas: this.get("areas"), limit: this.limit });
    const strongest = order.slice(0, DESCRIBED).map((k) => `${names[k]} ${signed(weights[k], 2)}`).join("; ");
    this.stage.setAttribute("aria-label", `${title}. ${strongest}`);
    this.title.textContent = title;
    this.showSettings();
    this.showOff();
  }

  showAll() {
    const { width, height } = this.scene;
    for (const canvas of [this.base, this.above]) [canvas.width, canvas.height] = [width, height];
    this.paper.style.aspectRatio = `${width} / ${height}`;
    this.stage.style.maxWidth = `${Math.max(width, 320)}px`;
    if (this.current >= this.weights.length) this.current = -1;
    this.showRegions();
  }

  showOff() {
    this.paintBase();
    this.markRows();
    this.showPointed();
    this.showAnswer();
  }

  markRows() {
    const { off } = this;
    this.list.mark(this.current, off);
    this.allOn.disabled = off.size === 0;
  }

  showPointed() {
    const k = this.current;
    if (k < 0) {
      this.pointed.textContent = "Hover over a region to read its weight.";
      return;
    }
    const area = `${percent(this.get("areas")[k])} of the photograph${this.off.has(k) ? "; switched off" : ""}`;
    this.pointed.replaceChildren(nameIn(short(this.get("names")[k], MOST_SHOWN)), `: weight ${signed(this.weights[k])}, ${area}`);
  }

  showAnswer() {
    const { off } = this, names = this.get("names"), full = this.get("full");
    const target = nameIn(short(this.get("target"), MOST_SHOWN));
    if (!off.size) {
      this.answer.replaceChildren("P(", target, `): ${full.toFixed(3)} with every region shown.`);
      return;
    }
    let code = 0, sum = this.get("intercept");
    this.weights.forEach((weight, k) => {
      if (off.has(k)) return;
      code += 2 ** k;
      sum += weight;
    });
    const { values } = this.scene, value = values ? values[code].toFixed(3) : `${sum.toFixed(3)} (estimated from the weights)`;
    const without = [...off].flatMap((k, i) => [...(i ? ["; "] : []), nameIn(short(names[k], MOST_SHOWN))]);
    this.answer.replaceChildren("P(", target, ") without ", ...without, `: ${value}. The whole photograph: ${full.toFixed(3)}.`);
  }

  showSettings() {
    const weights = this.get("view") === "weights", zoom = this.get("zoom");
    this.view.value = this.get("view");
    this.opacity.value = this.get("opacity");
    this.opacity.disabled = this.threshold.disabled = !weights;
    this.threshold.value = this.get("threshold");
    this.thresholdShown.textContent = (this.get("threshold") * this.limit).toFixed(3);
    this.paper.style.width = `${100 * zoom}%`;
    this.smaller.disabled = zoom <= 1;
    this.larger.disabled = zoom >= MOST_ZOOM;
  }

  // --- acting -----------------------------------------------------------------------------------------------------
  point(k) {
    if (k === this.current) return;
    this.current = k;
    this.paintAbove();
    this.markRows();
    this.showPointed();
  }

  toggle(k) {
    if (!(k >= 0)) return;
    const { off } = this;
    if (!off.delete(k)) off.add(k);
    this.commit("off", [...off].sort((a, b) => a - b));
  }

  zoomBy(factor) { this.commit("zoom", Math.max(1, Math.min(MOST_ZOOM, this.get("zoom") * factor))); }

  placeOf(event) {
    const box = this.base.getBoundingClientRect();
    const x = (event.clientX - box.left) / box.width, y = (event.clientY - box.top) / box.height;
    return x >= 0 && y >= 0 && x < 1 && y < 1 ? { x, y } : null;
  }

  regionAt(spot) {
    const { width, height, labels } = this.scene;
    return spot ? labels[Math.floor(spot.y * height) * width + Math.floor(spot.x * width)] : -1;
  }

  moveTo(spot) {
    this.point(this.regionAt(spot));
    const group = this.get("group");
    if (group) document.dispatchEvent(new CustomEvent("segxai:cursor", { detail: { group, from: this.me, spot } }));
  }

  keyed(event) {
    const order = [...this.list.element.querySelectorAll(".sx-row")].map((row) => Number(row.dataset.region));
    const at = order.indexOf(this.current), last = order.length - 1;
    const next = at < last ? at + 1 : 0, previous = at > 0 ? at - 1 : last;
    const moves = { ArrowDown: next, ArrowRight: next, ArrowUp: previous, ArrowLeft: previous, Home: 0, End: last };
    const acts = {
      Enter: () => this.toggle(this.current), " ": () => this.toggle(this.current), Escape: () => this.point(-1),
      "+": () => this.zoomBy(1.5), "=": () => this.zoomBy(1.5), "-": () => this.zoomBy(1 / 1.5),
    };
    if (event.key in moves) this.point(order[moves[event.key]]);
    else if (event.key in acts) acts[event.key]();
    else return;
    event.preventDefault();
    event.stopPropagation();
  }
}

export async function render({ model, el }) {
  const canvas = new Canvas(model, el, await loadScene(model));
  canvas.root.dataset.ready = "true";
  return () => canvas.listen.end();
}

export default { render };
