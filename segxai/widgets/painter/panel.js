// Beside and beneath the picture: the classes, files in and out, and the button that fits and explains.

import { button, make, toolbar } from "../shared/elements.js";
import { annotationFiles } from "../shared/files.js";
import { send } from "../shared/messages.js";
import { percent, short } from "../shared/numbers.js";
import { encodePng } from "../shared/png.js";
import { drawMap } from "./draw.js";
import { UNPAINTED } from "./raster.js";

export function makeClasses(painter) {
  const list = make("ul", { class: "sx-classes", "aria-label": "Classes" });
  const each = (selector, act) => list.querySelectorAll(selector).forEach(act);
  return {
    list,
    add: button("Add a class", () => addClass(painter, list), { title: "Add one more class and name it" }),
    show: () => list.replaceChildren(...painter.names.map((name, id) => classRow(painter, list, name, id))),
    showShares: (share) => each(".sx-share", (node, id) => { node.textContent = percent(share[id]); }),
    showCurrent: () => each(".sx-pick", (node, id) => node.setAttribute("aria-pressed", String(id === painter.current))),
  };
}

function classRow(painter, list, name, id) {
  const swatch = make("canvas", { width: 28, height: 20, "aria-hidden": "true" });
  drawMap(swatch.getContext("2d"), { width: 28, height: 20, ids: new Uint8Array(560).fill(id) }, [0, 0, 27, 19]);
  const choose = () => painter.choose("current", id);
  const pick = button("", choose, { class: "sx-pick", "aria-label": `Paint class ${id}: ${name}`, title: `Paint with ${name}` });
  pick.append(swatch, make("span", { text: id }), make("span", { class: "sx-name", dir: "auto", text: name }));
  const pencil = button("✎", () => {
    choose(); // whoever names a class paints with it next
    editName(pick, id, name, (text) => renameClass(painter, id, text));
  }, { class: "sx-pencil", "aria-label": `Rename class ${id}: ${name}`, title: "Rename this class" });
  const remove = button("×", () => removeClass(painter, list, id), {
    class: "sx-remove", "aria-label": `Remove class ${id}: ${name}`, title: "Remove this class and its paint",
    disabled: painter.names.length === 1,
  });
  const row = make("li", {}, pick, pencil, make("span", { class: "sx-share", title: "Share of the photograph" }), remove);
  row.addEventListener("click", (event) => { if (event.target === row || event.target.matches(".sx-share")) choose(); });
  return row;
}

function addClass(painter, list) {
  const { names } = painter;
  if (names.length >= UNPAINTED) {
    painter.notify("There cannot be more than 255 classes.");
    return;
  }
  let number = names.length;
  while (names.includes(`class ${number}`)) number++;
  painter.rename(`class ${number} added`, [...names, `class ${number}`]);
  painter.choose("current", painter.names.length - 1);
  list.querySelector("li:last-child .sx-pencil").click();
}

// In place of the row's button; Enter or leaving the field keeps the name, Escape the old one.
function editName(pick, id, name, done) {
  const label = `Name of class ${id}`, title = "Enter keeps the name, Escape the old one";
  const field = make("input", { type: "text", value: name, dir: "auto", "aria-label": label, title });
  const list = pick.closest("ul");
  let open = true;
  const end = (keep, back = false) => {
    if (!open) return;
    open = false;
    field.remove();
    pick.hidden = false;
    if (keep) done(field.value);
    if (back) list.querySelectorAll(".sx-pencil")[id].focus();
  };
  field.addEventListener("blur", () => end(true));
  field.addEventListener("keydown", (event) => {
    event.stopPropagation();
    if (event.key === "Enter") end(true, true);
    else if (event.key === "Escape") end(false, true);
  });
  pick.hidden = true;
  pick.before(field);
  field.focus();
  field.select();
}

function renameClass(painter, id, text) {
  const { names } = painter, name = text.split(/\s+/).filter(Boolean).join(" "), shown = short(name, 40);
  const taken = names.some((other, k) => k !== id && other === name);
  if (!name || taken) {
    painter.notify(taken ? `There is a class called ${shown} already.` : "A class needs a name.");
  } else if (name !== names[id]) {
    painter.rename(`renamed to ${shown}`, names.map((old, k) => (k === id ? name : old)));
  }
}

function removeClass(painter, list, id) {
  const what = `${painter.nameOf(id)} removed`;
  if (painter.current >= id && painter.current > 0) painter.choose("current", painter.current - 1);
  const idOf = (value) => (value === id ? UNPAINTED : value > id ? value - 1 : value);
  painter.remap(what, idOf, painter.names.filter((_, k) => k !== id));
  list.querySelector(".sx-pick").focus();
}

export function makeFiles(painter) {
  const { model, listen } = painter;
  const take = (png) => send(model, "import", {}, [png]);
  const files = annotationFiles(listen, {
    take, notify: (text) => painter.notify(text), map: () => painter.map, names: () => painter.names,
    texts: ["Import…", "Export PNG"], stem: "annotation",
  });
  files.classList.add("sx-files");
  return files;
}

export function makeFit(painter) {
  const { model, listen } = painter;
  // The map goes along, for the last stroke may still be waiting to be sent.
  const start = async () => send(model, "fit", { names: painter.names }, [(await encodePng(painter.map)).buffer]);
  const fit = button("Fit and explain", start, {
    class: "sx-explain", title: "Fit a network to what is painted, and explain the classifier by the regions that it finds",
  });
  const cancel = button("Cancel", () => send(model, "cancel"), { title: "Stop the fit and keep earlier results" });
  const bar = make("progress", { max: 1, "aria-label": "Progress of fitting and explaining" });
  const line = make("p", { class: "sx-fitted", role: "status", dir: "auto" });
  function show() {
    const share = model.get("progress"), busy = share >= 0;
    fit.disabled = busy;
    cancel.hidden = bar.hidden = !busy;
    bar.value = Math.max(0, share);
    line.textContent = model.get("status");
  }
  listen.model("change:progress change:status", show);
  show();
  return make("div", { class: "sx-fitting" }, toolbar("Fit a network to what is painted", fit, cancel, bar), line);
}
