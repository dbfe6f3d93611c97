// How the picture is shown: a switch beside it, and, folded away, strength of the colours, threshold, borders and zoom.

import { button, labelled, make, range, toolbar } from "../shared/elements.js";
import { signed } from "../shared/numbers.js";

const VIEWS = {
  weights: ["Weights", "What each region adds to the output for the class, as colours"],
  photograph: ["Photograph", "What the classifier sees: regions that are off are filled"],
  difference: ["Difference", "Of the weights: now minus what is pinned, else left minus right"],
};
const MOST_ZOOM = 6;

// set(key, value) changes one of view, opacity, threshold and zoom.
export function makeDisplay(listen, get, set) {
  const views = Object.fromEntries(Object.entries(VIEWS).map(([view, [text, title]]) =>
    [view, button(text, () => set("view", view), { title, "data-view": view })]));
  const choice = toolbar("What the picture shows", ...Object.values(views));
  choice.classList.add("sx-views");
  const borders = make("input", { type: "checkbox" });
  const opacity = range(0, 1, 0.05), threshold = range(0, 1, 0.05), thresholdShown = make("output", { class: "sx-value" });
  const zoomBy = (factor) => set("zoom", Math.max(1, Math.min(MOST_ZOOM, get("zoom") * factor)));
  const smaller = button("−", () => zoomBy(1 / 1.5), { "aria-label": "Zoom out", title: "Zoom out (key −)" });
  const larger = button("+", () => zoomBy(1.5), { "aria-label": "Zoom in", title: "Zoom in (key +)" });
  listen.on(borders, "change", () => set("view", borders.checked ? "borders" : "photograph"));
  listen.on(opacity, "input", () => set("opacity", Number(opacity.value)));
  listen.on(threshold, "input", () => set("threshold", Number(threshold.value)));

  // shown: the view that is painted; comparable: whether there is something to be different from.
  function show(limit, shown, comparable) {
    const weights = shown === "weights" || shown === "difference", zoom = get("zoom");
    const pressed = shown === "borders" ? "photograph" : shown;
    for (const [view, each] of Object.entries(views)) each.setAttribute("aria-pressed", String(view === pressed));
    views.difference.disabled = !comparable;
    borders.checked = shown === "borders";
    borders.disabled = weights;
    opacity.value = get("opacity");
    opacity.disabled = threshold.disabled = !weights;
    threshold.value = get("threshold");
    thresholdShown.textContent = signed(get("threshold") * limit).replace("+", "");
    smaller.disabled = zoom <= 1;
    larger.disabled = zoom >= MOST_ZOOM;
  }

  const summary = make("summary", { text: "Display", title: "Opacity, threshold, borders and zoom" });
  const element = make("details", { class: "sx-display" }, summary, toolbar("How the picture is shown",
    labelled("Opacity", opacity, "", "How strong the colours of the weights are"),
    labelled("Mute weaker than", threshold, thresholdShown, "Regions with weaker weights are shown without colour"),
    labelled("Borders on the photograph", borders, "", "Draw the borders of the regions on the photograph"),
    make("span", { class: "sx-field" }, make("span", { class: "sx-soft", text: "Zoom" }), smaller, larger)));
  return { element, choice, show, zoomBy };
}
