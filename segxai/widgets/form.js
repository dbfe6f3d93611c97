// A row of labelled controls described by Python: choices (some of them not to be had, with the reason) and ranges.

function render({ model, el }) {
  const listen = listener(model);
  const root = prepare(el, "sx-form");
  const bar = make("div", { class: "sx-toolbar", role: "group", "aria-label": model.get("title") });
  const busy = make("div", { class: "sx-busy" });
  const meter = make("progress", { max: 1, "aria-label": "Progress" });
  const cancel = make("button", { type: "button", text: "Cancel", onclick: () => model.send({ cancel: true }) });
  const message = make("p", { class: "sx-message", role: "status" });
  busy.append(meter, cancel);
  root.append(bar, busy, message);
  if (model.get("away")) watchPython(model, root, listen, model.get("away"));
  let controls = {};

  const value = (key) => model.get("values")[key];
  function choose(key, chosen) {
    model.set("values", { ...model.get("values"), [key]: chosen });
    try { model.save_changes(); } catch { /* Python is away; the page says so */ }
  }

  const make_ = {
    select(field) {
      const reasons = field.reasons || {};
      const control = make("select", { onchange: () => choose(field.key, control.value) },
        ...field.options.map(([option, text]) => make("option", {
          value: option, text: reasons[option] ? `${text} (${reasons[option]})` : text, disabled: Boolean(reasons[option]),
        })));
      control.show = () => { control.value = value(field.key); };
      return [control];
    },
    range(field) {
      const log = Boolean(field.log), out = make("output", { class: "sx-value" });
      const from = (v) => (log ? Math.log10(v) : v), to = (v) => (log ? 10 ** v : v);
      const control = make("input", {
        type: "range", min: from(field.min), max: from(field.max), step: log ? (from(field.max) - from(field.min)) / 100 : field.step,
      });
      const say = (v) => {
        out.textContent = field.zero && v === 0 ? field.zero : log ? v.toPrecision(2) : String(v);
        control.setAttribute("aria-valuetext", out.textContent);
      };
      const read = () => to(Number(control.value));
      control.addEventListener("input", () => { say(read()); if (field.live) choose(field.key, read()); });
      if (!field.live) control.addEventListener("change", () => choose(field.key, read()));
      control.show = () => { if (!control.matches(":active")) control.value = from(value(field.key)); say(value(field.key)); };
      return [control, out];
    },
    check(field) {
      const control = make("input", { type: "checkbox", onchange: () => choose(field.key, control.checked) });
      control.show = () => { control.checked = value(field.key); };
      return [control];
    },
  };

  function build() {
    const focused = Object.keys(controls).find((key) => controls[key] === document.activeElement);
    controls = {};
    bar.replaceChildren(...model.get("fields").map((field) => {
      const [control, after = ""] = make_[field.kind](field);
      control.disabled = Boolean(field.disabled);
      control.dataset.field = field.key;
      controls[field.key] = control;
      return labelled(field.label, control, after);
    }));
    show();
    controls[focused]?.focus();
  }
  function show() { for (const key in controls) if (value(key) !== undefined) controls[key].show(); }
  function showBusy() {
    const done = model.get("progress");
    busy.hidden = done < 0;
    if (done > 0) meter.value = done; else meter.removeAttribute("value");
    message.textContent = model.get("message");
  }

  listen.model("change:fields", build);
  listen.model("change:values", show);
  listen.model("change:progress change:message", showBusy);
  build();
  showBusy();
  return () => listen.end();
}
