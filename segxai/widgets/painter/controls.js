// The painter's tools, and how its picture is shown.

import { button, labelled, make, range, toolbar } from "../shared/elements.js";

export const TOOLS = { brush: ["Brush", "b"], polygon: ["Polygon", "p"], erase: ["Erase", "e"], fill: ["Fill", "f"] };
const HINTS = {
  brush: "Paint with the chosen class", polygon: "Set corners; the first again, or Enter, closes the polygon",
  erase: "Take paint away", fill: "Fill the connected area of one class",
};
const HELP = "With keys, on the picture: arrows move by 8 pixels (with Shift by 1). Space paints, sets a corner, or fills. "
  + "Enter puts the brush down and up, or closes the polygon. Backspace removes the last corner, Escape cancels. "
  + "b p e f: tools; 0–9: class; [ and ]: brush size; + and −: zoom; r: paint the rest; Ctrl+Z, Ctrl+Y: undo, redo.";

export function makeControls(painter) {
  const { listen, commit, map } = painter;
  const kinds = Object.fromEntries(Object.entries(TOOLS).map(([tool, [text, key]]) =>
    [tool, button(text, () => painter.choose("tool", tool), { "aria-keyshortcuts": key, "data-tool": tool, title: HINTS[tool] })]));
  const undo = button("Undo", () => painter.travel(true), { "aria-keyshortcuts": "Control+Z", title: "Undo the last step" });
  const redo = button("Redo", () => painter.travel(false), { "aria-keyshortcuts": "Control+Y", title: "Do it again" });
  const rest = button("Paint the rest", () => painter.paintRest(), {
    "aria-keyshortcuts": "r", title: "Everything not painted yet takes the chosen class",
  });
  const clear = button("Clear", () => painter.clear(), { title: "Remove all paint; Undo brings it back" });
  const close = button("Close polygon", () => painter.closePolygon(), { title: "Join the last corner to the first, and fill" });
  const size = range(1, Math.max(8, Math.round(Math.max(map.width, map.height) / 5)), 1);
  const sizeShown = make("output", { class: "sx-value" }), opacity = range(0, 1, 0.05);
  const smaller = button("−", () => painter.zoomBy(1 / 1.5), { "aria-label": "Zoom out", title: "Zoom out" });
  const larger = button("+", () => painter.zoomBy(1.5), { "aria-label": "Zoom in", title: "Zoom in" });
  listen.on(size, "input", () => commit("brush", Number(size.value)));
  listen.on(opacity, "input", () => commit("opacity", Number(opacity.value)));
  return {
    kinds, undo, redo, close, size, sizeShown, opacity, smaller, larger,
    tools: toolbar("Tools", ...Object.values(kinds), undo, redo, rest, clear, close),
    view: toolbar("Brush and view", labelled("brush size", size, sizeShown), labelled("opacity", opacity),
      make("span", { class: "sx-field" }, make("span", { class: "sx-soft", text: "zoom" }), smaller, larger)),
    help: make("p", { class: "sx-help", text: HELP }),
  };
}

export function showControls(painter, mostZoom) {
  const { controls, steps } = painter, get = (key) => painter.get(key);
  for (const [tool, node] of Object.entries(controls.kinds)) node.setAttribute("aria-pressed", String(tool === get("tool")));
  controls.size.value = get("brush");
  controls.sizeShown.textContent = `${get("brush")} px`;
  controls.opacity.value = get("opacity");
  controls.smaller.disabled = get("zoom") <= 1;
  controls.larger.disabled = get("zoom") >= mostZoom;
  controls.undo.disabled = !steps.canUndo;
  controls.redo.disabled = !steps.canRedo;
  controls.close.classList.toggle("sx-unseen", get("tool") !== "polygon"); // keeps its place, so that no button jumps
  controls.close.disabled = painter.corners.length < 3;
}
