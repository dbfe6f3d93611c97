// How the picture is shown, folded away: view, strength of the colours, threshold and zoom.

import { button, labelled, make, range, toolbar } from "../shared/elements.js";
import { signed } from "../shared/numbers.js";

const VIEWS = { weights: "weights", difference: "difference", borders: "borders", photograph: "photograph" };
export const MOST_ZOOM = 6;

// set(key, value) changes one of view, opacity, threshold and zoom.
export function makeDisplay(listen, get, set) {
  const options = Object.entries(VIEWS).map(([value, text]) => make("option", { value, text }));
  const view = make("select", {}, ...options);
  const opacity = range(0, 1, 0.05), threshold = range(0, 1, 0.05), thresholdShown = make("output", { class: "sx-value" });
  const zoomBy = (factor) => set("zoom", Math.max(1, Math.min(MOST_ZOOM, get("zoom") * factor)));
  const smaller = button("−", () => zoomBy(1 / 1.5), { "aria-label": "Zoom out", title: "Zoom out (key −)" });
  const larger = button("+", () => zoomBy(1.5), { "aria-label": "Zoom in", title: "Zoom in (key +)" });
  listen.on(view, "change", () => set("view", view.value));
  listen.on(opacity, "input", () => set("opacity", Number(opacity.value)));
  listen.on(threshold, "input", () => set("threshold", Number(threshold.value)));

  // shown: the view that is painted; comparable: whether there is something to be different from.
  function show(limit, shown, comparable) {
    const weights = shown === "weights" || shown === "difference", zoom = get("zoom");
    options[1].disabled = !comparable;
    view.value = shown;
    opacity.value = get("opacity");
    opacity.disabled = threshold.disabled = !weights;
    threshold.value = get("threshold");
    thresholdShown.textContent = signed(get("threshold") * limit).replace("+", "");
    smaller.disabled = zoom <= 1;
    larger.disabled = zoom >= MOST_ZOOM;
  }

  const summary = make("summary", { text: "Display", title: "View, opacity, threshold and zoom" });
  const element = make("details", { class: "sx-display" }, summary, toolbar("How the picture is shown",
    labelled("View", view, "",
      "Weights as colours, their difference (to what is pinned, else left minus right), borders alone, or the photograph"),
    labelled("Opacity", opacity, "", "How strong the colours of the weights are"),
    labelled("Mute weaker than", threshold, thresholdShown, "Regions with weaker weights are shown without colour"),
    make("span", { class: "sx-field" }, make("span", { class: "sx-soft", text: "Zoom" }), smaller, larger)));
  return { element, show, zoomBy };
}
