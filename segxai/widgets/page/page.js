// Widgets in a page without kernel: each <script type="application/json" data-segxai="name"> holds the state of one, and is
// followed by the element in which it is shown.

import { render as renderCanvas } from "../region_canvas/index.js";
import { stillModel, stillState } from "../shared/still.js";

const WIDGETS = { region_canvas: renderCanvas };

for (const script of document.querySelectorAll("script[data-segxai]:not([data-shown])")) {
  script.dataset.shown = "true"; // a page of several parts may hold this code several times
  WIDGETS[script.dataset.segxai]({ model: stillModel(stillState(script.textContent)), el: script.nextElementSibling });
}
