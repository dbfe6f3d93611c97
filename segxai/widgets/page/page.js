// Widgets in a page without kernel: each <script type="application/json" data-segxai="..."> holds the state of one, and is
// followed by the element in which it is shown.

import { stillModel, stillState } from "../shared/still.js";
import { render as renderCanvas } from "../region_canvas/index.js";
import { renderExplorer } from "./explorer.js";

const WIDGETS = {
  region_canvas: (state, el) => renderCanvas({ model: stillModel(state), el }),
  explorer: renderExplorer,
};

for (const script of document.querySelectorAll("script[data-segxai]:not([data-shown])")) {
  script.dataset.shown = "true"; // a page of several parts may hold this code several times
  WIDGETS[script.dataset.segxai](stillState(script.textContent), script.nextElementSibling);
}
