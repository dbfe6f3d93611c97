// Beside and beneath the picture: the classes, files in and out, and the button that fits and explains.

import { button, make, toolbar } from "../shared/elements.js";
import { send } from "../shared/messages.js";
import { percent, short } from "../shared/numbers.js";
import { drawMap } from "./draw.js";
import { encodePng } from "./png.js";
import { UNPAINTED } from "./raster.js";

export function makeClasses(painter) {
  const list = make("ul", { class: "sx-classes", "aria-label": "Classes" });
  const each = (selector, act) => list.querySelectorAll(selector).forEach(act);
  return {
    list,
    add: button("Add a class", () => addClass(painter, list), { title: "One more class, with a name of its own" }),
    show: () => list.replaceChildren(...painter.names.map((name, id) => classRow(painter, list, name, id))),
    showShares: (share) => each(".sx-share", (node, id) => { node.textContent = percent(share[id]); }),
    showCurrent: () => each(".sx-pick", (node, id) => node.setAttribute("aria-pressed", String(id === painter.current))),
  };
}

function classRow(painter, list, name, id) {
  const swatch = make("canvas", { width: 28, height: 20, "aria-hidden": "true" });
  drawMap(swatch.getContext("2d"), { width: 28, height: 20, ids: new Uint8Array(560).fill(id) }, [0, 0, 27, 19]);
  const field = make("input", { type: "text", value: name, dir: "auto", "aria-label": `Name of class ${id}`, title: name });
  field.addEventListener("change", () => renameClass(painter, id, field));
  field.addEventListener("keydown", (event) => { if (event.key === "Enter") field.blur(); });
  const choose = () => painter.choose("current", id);
  field.addEventListener("focus", choose); // whoever names a class paints with it next
  const pick = button("", choose, { class: "sx-pick", "aria-label": `Paint class ${id}: ${name}`, title: "Paint with this class" });
  pick.append(swatch, make("span", { text: id }));
  const remove = button("×", () => removeClass(painter, list, id), {
    class: "sx-remove", "aria-label": `Remove class ${id}: ${name}`, title: "Remove this class and its paint",
    disabled: painter.names.length === 1,
  });
  const row = make("li", {}, pick, field, make("span", { class: "sx-share" }), remove);
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
  const field = list.querySelector("li:last-child input");
  field.focus();
  field.select();
}

function renameClass(painter, id, field) {
  const { names } = painter, name = field.value.split(/\s+/).filter(Boolean).join(" "), shown = short(name, 40);
  const taken = names.some((other, k) => k !== id && other === name);
  if (!name || taken) {
    field.value = names[id];
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

function download(bytes, type, name) {
  const link = make("a", { href: URL.createObjectURL(new Blob([bytes], { type })), download: name });
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 10000);
}

export function makeFiles(painter) {
  const { model, listen } = painter;
  const file = make("input", {
    type: "file", accept: ".png,.txt", multiple: true, hidden: true, "aria-label": "PNG of class ids, and its names",
  });
  listen.on(file, "change", async () => {
    const chosen = [...file.files], isText = (each) => each.name.endsWith(".txt");
    const png = chosen.find((each) => !isText(each)), text = chosen.find(isText);
    file.value = "";
    if (!png) painter.notify("Choose a PNG of class ids (and with it the file of its names, if there is one).");
    else if (png.size > 8e6) painter.notify(`${png.name} is too large: 8 MB at most.`);
    else {
      painter.notify(`${png.name} is being read.`);
      send(model, "import", { names: text ? await text.text() : null }, [await png.arrayBuffer()]);
    }
  });
  const files = toolbar("Files",
    button("Import…", () => file.click(), { title: "A PNG of class ids and, if there is one, its names.txt" }),
    button("Export PNG", async () => download(await encodePng(painter.map, true), "image/png", "annotation.png"),
      { title: "Save the class ids as a palette PNG" }),
    button("Export names", () => download(`${painter.names.join("\n")}\n`, "text/plain", "annotation.names.txt"),
      { title: "Save the classes' names, one a line" }),
    file);
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
  const cancel = button("Cancel", () => send(model, "cancel"), { title: "End the fit; earlier results stay" });
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
