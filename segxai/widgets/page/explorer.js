// An explorer in a page without kernel: the form and canvases of the notebook, over tables that the page holds.

import { freshId, make } from "../shared/elements.js";
import { render as renderForm } from "../form/index.js";
import { render as renderCanvas } from "../region_canvas/index.js";
import { stillModel } from "../shared/still.js";
import { canvasSlots, formSlots, keepInAddress } from "./address.js";

const DISPLAY = { view: "weights", opacity: 0.8, threshold: 0, zoom: 1, off: [], divisible: [], note: "", tree: {}, depth: 0 };
const FORM = { progress: -1, message: "", away: "" };

// state: { photo, segmentations: [{ name, regions, fills: { name: table and picture } }], settings, fields }.
// prefix: of what is kept in the page's address; null in somebody else's page.
export function renderExplorer(state, el, prefix = null) {
  const { segmentations, settings, fields } = state, names = segmentations.map(({ name }) => name), group = freshId("explorer");
  const form = stillModel({ ...FORM, title: "Explanation", group, fields: [...fields], values: { ...settings } });
  if (names.length > 1) {
    const second = { key: "compare", label: "Second pane", kind: "check", hint: "Compare two segmenters" };
    form.set("fields", [...fields, second]);
    form.set("values", { ...settings, compare: names.length === 2 });
  }
  const address = { changed() {} };
  const panes = names.slice(0, 2).map((name) => makePane(state, form, group, name, () => address.changed()));
  const row = make("div", { class: "segxai-panes" }, ...panes.map((pane) => pane.el)), top = make("div");
  el.classList.add("segxai-explorer");
  el.append(top, row);
  renderForm({ model: form, el: top });
  const show = () => panes.forEach((pane, i) => {
    pane.el.hidden = i > 0 && !form.get("values").compare;
    if (!pane.el.hidden) pane.show();
  });
  const title = titleFor(form.get("values"));
  form.on("change:values", () => {
    show();
    title(form.get("values"));
  });
  show();
  if (prefix === null) return;
  const slots = panes.map((pane, i) => pane.slots(i ? `${i + 1}.` : ""));
  address.changed = keepInAddress(prefix, Object.assign(formSlots(form), ...slots));
  form.on("change:values", () => address.changed());
}

// The page's heading asks about the class that is explained; other headings stay as they are.
function titleFor(first) {
  const asks = ({ target, versus }) => `Why ${target}${versus ? ` rather than ${versus}` : ""}?`;
  const heading = [...document.querySelectorAll("h1")].find(({ textContent }) => textContent === `Why ${first.target}?`);
  return (values) => {
    if (heading) document.title = heading.textContent = asks(values);
  };
}

function makePane(state, form, group, first, changed) {
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
  // Names that were given stay for a second visit.
  const keepNames = () => {
    const found = segmentations.find(({ name }) => name === shown.segmenter);
    if (found.regions.names.length === model.get("names").length) found.regions = { ...found.regions, names: model.get("names") };
  };

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
    model.on("change:names", keepNames);
    model.on("change:off change:view", changed);
    renderCanvas({ model, el: holder });
  }

  choice.on("change:values", () => {
    show();
    changed();
  });
  return { el, show, slots: (prefix) => ({ ...formSlots(choice, prefix), ...canvasSlots(() => model, prefix) }) };
}
