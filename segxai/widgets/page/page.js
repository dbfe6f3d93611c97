// Widgets in a page without kernel: each <script type="application/json" data-segxai="..."> holds the state of one, and is
// followed by the element in which it is shown.

import { stillModel, stillState } from "../shared/still.js";
import { render as renderCanvas } from "../region_canvas/index.js";
import { canvasSlots, keepInAddress } from "./address.js";
import { renderExplorer } from "./explorer.js";

const WIDGETS = {
  region_canvas: (state, el, prefix) => {
    const model = stillModel(state);
    renderCanvas({ model, el });
    if (prefix !== null) model.on("change:off change:view", keepInAddress(prefix, canvasSlots(() => model)));
  },
  explorer: renderExplorer,
};

const scripts = [...document.querySelectorAll("script[data-segxai]")], ours = document.body.classList.contains("segxai");
scripts.forEach((script, i) => {
  if (script.dataset.shown) return; // a page of several parts may hold this code several times
  script.dataset.shown = "true";
  const prefix = ours ? (scripts.length > 1 ? `${i + 1}:` : "") : null;
  WIDGETS[script.dataset.segxai](stillState(script.textContent), script.nextElementSibling, prefix);
});
