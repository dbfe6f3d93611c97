// An explorer in a page without kernel: the form and canvases of the notebook, over tables that the page holds.

import { freshId, make } from "../shared/elements.js";
import { render as renderForm } from "../form/index.js";
import { render as renderCanvas } from "../region_canvas/index.js";
import { stillModel } from "../shared/still.js";

const DISPLAY = { view: "weights", opacity: 0.8, threshold: 0, zoom: 1, off: [], divisible: [], note: "", tree: {}, depth: 0 };
const FORM = { progress: -1, message: "", away: "" };

// state: { photo, segmentations: [{ name, regions, fills: { name: table and picture } }], settings, fields }.
export function renderExplorer(state, el) {
  const { segmentations, settings, fields } = state, names = segmentations.map(({ name }) => name), group = freshId("explorer");
  const form = stillModel({ ...FORM, title: "Explanation", group, fields: [...fields], values: { ...settings } });
  if (names.length > 1) {
    const second = { key: "compare", label: "Second pane", kind: "check", hint: "Compare two segmenters" };
    form.set("fields", [...fields, second]);
    form.set("values", { ...settings, compare: false });
  }
  const panes = names.slice(0, 2).map((name) => makePane(state, form, group, name));
  const row = make("div", { class: "sx-panes" }, ...panes.map((pane) => pane.el)), top = make("div");
  el.append(top, row);
  renderForm({ model: form, el: top });
  const show = () => panes.forEach((pane, i) => {
    pane.el.hidden = i > 0 && !form.get("values").compare;
    if (!pane.el.hidden) pane.show();
  });
  form.on("change:values", show);
  show();
}

function makePane(state, form, group, first) {
  const { photo, segmentations } = state, names = segmentations.map(({ name }) => name);
  const holder = make("div"), el = make("div", { class: "sx-pane" });
  const choice = stillModel({
    ...FORM, title: "Segmenter", group: "", values: { segmenter: first },
    fields: [{
      key: "segmenter", label: "Segmenter", kind: "select", options: names.map((name) => [name, name]),
      hint: "What divides the photograph into regions",
    }],
  });
  if (names.length > 1) {
    const top = make("div");
    el.append(top);
    renderForm({ model: choice, el: top });
  }
  el.append(holder);
  let model = null, shown = {};

  function show() {
    const { segmenter } = choice.get("values"), { regions, fills } = segmentations.find(({ name }) => name === segmenter);
    const fill = fills[form.get("values").fill] ? form.get("values").fill : Object.keys(fills)[0];
    if (shown.segmenter === segmenter && shown.fill === fill) return;
    const same = shown.segmenter === segmenter, next = { ...(same ? {} : { ...regions, off: [] }), ...fills[fill] };
    shown = { segmenter, fill };
    if (model) {
      for (const [key, value] of Object.entries(next)) model.set(key, value);
      return;
    }
    model = stillModel({ ...DISPLAY, photo, group, ...form.get("values"), ...next });
    renderCanvas({ model, el: holder });
  }

  choice.on("change:values", show);
  return { el, show };
}
