// A row of labelled controls described by Python: choices (some of them unavailable, with the reason), ranges and switches.

import { button, labelled, make, toolbar } from "../shared/elements.js";
import { joinGroup } from "../shared/group.js";
import { watchKernel } from "../shared/kernel.js";
import { send, sendFile } from "../shared/messages.js";
import { committer, listener, prepare, saveChanges } from "../shared/view.js";

const CONTROLS = {
  select(field, value, choose) {
    const reasons = field.reasons || {};
    const options = field.options.map(([option, text]) => make("option", {
      value: option, text: reasons[option] ? `${text} (${reasons[option]})` : text, disabled: Boolean(reasons[option]),
    }));
    const control = make("select", { onchange: () => choose(control.value) }, ...options);
    const show = () => {
      control.value = value();
      control.title = control.selectedOptions[0]?.text ?? ""; // a long one is cut off
    };
    return { control, show };
  },
  range(field, value, choose) {
    const log = Boolean(field.log), after = make("output", { class: "sx-value" });
    const from = (v) => (log ? Math.log10(v) : v), read = () => (log ? 10 ** Number(control.value) : Number(control.value));
    const step = log ? (from(field.max) - from(field.min)) / 100 : field.step;
    const control = make("input", { type: "range", min: from(field.min), max: from(field.max), step });
    const write = (v) => {
      after.textContent = field.zero && v === 0 ? field.zero : log ? v.toPrecision(2) : String(v);
      control.setAttribute("aria-valuetext", after.textContent);
    };
    control.addEventListener("input", () => {
      write(read());
      if (field.live) choose(read(), true);
    });
    if (!field.live) control.addEventListener("change", () => choose(read()));
    const show = () => {
      if (!control.matches(":active")) control.value = from(value());
      write(value());
    };
    return { control, after, show };
  },
  check(field, value, choose) {
    const control = make("input", { type: "checkbox", onchange: () => choose(control.checked) });
    return { control, show: () => { control.checked = value(); } };
  },
  file(field, value, choose, take) {
    const control = make("input", { type: "file", accept: field.accept });
    control.addEventListener("change", () => {
      if (control.files.length) take(control.files[0]);
      control.value = ""; // so that the same file can be chosen again
    });
    return { control, show: () => {} };
  },
};

export function render({ model, el }) {
  const listen = listener(model), root = prepare(el, "sx-form"), bar = toolbar(model.get("title"));
  const meter = make("progress", { max: 1, "aria-label": "Progress" });
  const busy = make("div", { class: "sx-busy" }, meter,
    button("Cancel", () => send(model, "cancel"), { title: "Stop computing and keep what is shown" }));
  const message = make("p", { class: "sx-message", role: "status" });
  let shown = {}; // the controls, by key
  let away = false;
  const share = joinGroup(listen, model.get("group"), { hello: () => share("settings", model.get("values")) });

  const value = (key) => model.get("values")[key];
  const commit = committer(model);
  // moving: Python hears of it when the slider rests; the page follows at once.
  function choose(key, chosen, moving = false) {
    commit("values", { ...model.get("values"), [key]: chosen });
    if (!moving) saveChanges(model);
  }
  // Refused here, for a server ends a connection that brings too much, without a word.
  function take(field, file) {
    const millions = (bytes) => (bytes / 1e6).toFixed(0);
    const refused = `${file.name} has ${millions(file.size)} MB; at most ${millions(field.largest)} MB are taken. Reduce it first.`;
    message.textContent = file.size > field.largest ? refused : `Sending ${file.name} ...`;
    if (file.size <= field.largest) sendFile(model, field.key, file);
  }
  function build() {
    const focused = Object.keys(shown).find((key) => shown[key].control === document.activeElement);
    shown = {};
    bar.replaceChildren(...model.get("fields").map((field) => {
      const made = CONTROLS[field.kind](
        field, () => value(field.key), (...chosen) => choose(field.key, ...chosen), (file) => take(field, file));
      made.control.dataset.field = field.key;
      shown[field.key] = { ...made, field };
      return labelled(field.label, made.control, made.after, field.hint);
    }));
    show();
    shown[focused]?.control.focus();
  }
  // Of use only where other fields have the values of `when`, and, unless the page does it by itself, while there is a kernel.
  const usable = ({ key, when = {}, disabled, local, remote = [] }) =>
    !disabled && ((local && !remote.includes(value(key))) || !away)
    && Object.entries(when).every(([other, wanted]) => value(other) === wanted);
  function show() {
    for (const [key, { control, field, show: write }] of Object.entries(shown)) {
      control.disabled = !usable(field);
      for (const option of field.remote ?? []) control.querySelector(`[value="${option}"]`).disabled = away;
      if (value(key) !== undefined) write();
    }
    share("settings", model.get("values"));
  }
  function showBusy() {
    const done = model.get("progress");
    busy.hidden = done < 0;
    if (done > 0) meter.value = done; else meter.removeAttribute("value");
    message.textContent = model.get("message");
  }

  root.append(bar, busy, message);
  watchKernel(model, root, listen, model.get("away"), (gone) => {
    away = gone;
    show();
  });
  listen.model("change:fields", build);
  listen.model("change:values", show);
  listen.model("change:progress change:message", showBusy);
  build();
  showBusy();
  return () => listen.end();
}

export default { render };
