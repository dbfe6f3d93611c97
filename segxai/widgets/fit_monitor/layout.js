// The monitor's elements, and where they stand.

import { button, labelled, make, makeSvg, range, toolbar } from "../shared/elements.js";

export function makeControls() {
  const options = (pairs) => pairs.map(([value, text]) => make("option", { value, text }));
  return {
    rate: make("input", { type: "number", min: "1e-12", step: "any", required: true, class: "sx-rate" }),
    stride: make("select", {}, ...options([[32, "32"], [16, "16"], [8, "8"]])),
    iterations: make("input", { type: "number", min: 1, max: 50, step: 1, required: true }),
    trainable: make("select", {}, ...options([["all", "all weights"], ["head", "score heads only"]])),
    start: button("Start", null, { title: "Train until the number of iterations is reached" }),
    stop: button("Stop", null, { title: "Stop after the current iteration" }),
    single: button("Step", null, { title: "Train for one iteration" }),
    status: make("p", { class: "sx-status", role: "status" }),
    error: make("p", { class: "sx-error", role: "alert" }),
    play: button("Play", null, { title: "Show the iterations one after another" }),
    scrub: make("input", { type: "range", min: 0, max: 0, step: 1, class: "sx-scrub" }),
    place: make("output", { class: "sx-value" }),
    summary: make("p", { class: "sx-summary" }),
    chosen: make("select"),
    opacity: range(0, 1, 0.05),
  };
}

export function makePanels(width, height) {
  const map = (kind) => {
    const canvas = make("canvas", { width, height, role: "img", "data-map": kind }), caption = make("figcaption");
    return { canvas, caption, figure: make("figure", {}, caption, canvas) };
  };
  const chart = (title) => {
    const svg = makeSvg("svg", { role: "img" }), caption = make("figcaption", { text: title });
    return { svg, caption, figure: make("figure", {}, caption, svg) };
  };
  const rows = make("tbody"), heads = ["class", "IoU"].map((text) => make("th", { scope: "col", text }));
  const panels = {
    drawing: map("annotation"), argmax: map("argmax"), probability: map("probability"),
    loss: chart("Loss before each update"), iou: chart(""), rows,
    table: make("div", { class: "sx-scroll", tabindex: 0, role: "group", "aria-label": "Intersection over union of each class" },
      make("table", {}, make("thead", {}, make("tr", {}, ...heads)), rows)),
  };
  panels.probability.figure.append(make("p", { class: "sx-scale" },
    make("span", { text: "0" }), make("span", { class: "sx-scale-bar", "aria-hidden": "true" }), make("span", { text: "1" })));
  return panels;
}

export function arrange(root, c, p) {
  root.append(
    toolbar("Settings of the training",
      labelled("learning rate", c.rate, "", "How far the weights move with each update"),
      labelled("stride", c.stride, "", "Pixels between neighbouring scores: 8 is the finest"),
      labelled("iterations", c.iterations, "", "Updates of the weights, 1 to 50"),
      labelled("train", c.trainable, "", "Which weights are changed")),
    make("div", { class: "sx-toolbar" },
      make("span", { class: "sx-field", role: "group", "aria-label": "Training" }, c.start, c.stop, c.single), c.status),
    c.error,
    toolbar("Looking back",
      make("span", { class: "sx-field sx-wide" }, c.play, labelled("iteration", c.scrub, c.place)),
      labelled("probability of", c.chosen), labelled("opacity", c.opacity)),
    c.summary,
    make("div", { class: "sx-panels" },
      ...[p.drawing, p.argmax, p.probability, p.loss, p.iou].map((panel) => panel.figure), p.table));
}
