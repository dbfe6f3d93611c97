// Beside and beneath the picture: the classes, files in and out, and the button that fits and explains.

function makeClasses({ names, current, choose, say, remap, rename }) {
  const list = make("ul", { class: "sx-classes", "aria-label": "Classes" });
  const add = make("button", { type: "button", text: "Add a class", onclick: addClass });

  function addClass() {
    if (names().length >= UNPAINTED) return say("There cannot be more than 255 classes.");
    let number = names().length;
    while (names().includes(`class ${number}`)) number++;
    rename(`class ${number} added`, [...names(), `class ${number}`]);
    choose("current", names().length - 1);
    const field = list.querySelector("li:last-child input");
    field.focus();
    field.select();
  }

  function renameClass(id, field) {
    const name = field.value.split(/\s+/).filter(Boolean).join(" ");
    const taken = names().some((other, k) => k !== id && other === name);
    if (!name || taken) {
      field.value = names()[id];
      say(taken ? `There is a class called ${short(name, MOST_SAID)} already.` : "A class needs a name.");
    } else if (name !== names()[id]) rename(`renamed to ${short(name, MOST_SAID)}`, names().map((old, k) => (k === id ? name : old)));
  }

  function removeClass(id) {
    const name = names()[id];
    if (current() >= id && current() > 0) choose("current", current() - 1);
    remap(`${short(name, MOST_SAID)} removed`, (value) => (value === id ? UNPAINTED : value > id ? value - 1 : value), names().filter((_, k) => k !== id));
    list.querySelector(".sx-pick").focus();
  }

  function row(name, id) {
    const swatch = make("canvas", { width: 28, height: 20, "aria-hidden": "true" });
    drawMap(swatch.getContext("2d"), { width: 28, height: 20, ids: new Uint8Array(560).fill(id) }, [0, 0, 27, 19]);
    const field = make("input", { type: "text", value: name, dir: "auto", "aria-label": `Name of class ${id}`, title: name });
    field.addEventListener("change", () => renameClass(id, field));
    field.addEventListener("keydown", (event) => { if (event.key === "Enter") field.blur(); });
    const pick = make("button", { type: "button", class: "sx-pick", "aria-label": `Paint class ${id}: ${name}`, onclick: () => choose("current", id) },
      swatch, make("span", { text: id }));
    const remove = make("button", {
      type: "button", class: "sx-remove", text: "×", "aria-label": `Remove class ${id}: ${name}`, disabled: names().length === 1, onclick: () => removeClass(id),
    });
    return make("li", {}, pick, field, make("span", { class: "sx-share" }), remove);
  }

  return { list, add, show: () => list.replaceChildren(...names().map(row)) };
}

function makeFiles({ model, listen, say, painted }) {
  const file = make("input", { type: "file", accept: ".png,.txt", multiple: true, hidden: true, "aria-label": "PNG of class ids, and its names" });

  function download(bytes, type, name) {
    const link = make("a", { href: URL.createObjectURL(new Blob([bytes], { type })), download: name });
    link.click();
    setTimeout(() => URL.revokeObjectURL(link.href), 10000);
  }

  listen.on(file, "change", async () => {
    const chosen = [...file.files], isText = (each) => each.name.endsWith(".txt");
    const png = chosen.find((each) => !isText(each)), text = chosen.find(isText);
    file.value = "";
    if (!png) return say("Choose a PNG of class ids (and with it the file of its names, if there is one).");
    if (png.size > 8e6) return say(`${png.name} is too large: 8 MB at most.`);
    say(`${png.name} goes to Python, which reads it.`);
    model.send({ kind: "import", names: text ? await text.text() : null }, undefined, [await png.arrayBuffer()]);
  });
  return make("div", { class: "sx-toolbar sx-files", role: "group", "aria-label": "Files" },
    make("button", { type: "button", text: "Import…", title: "A PNG of class ids and, if there is one, its names.txt", onclick: () => file.click() }),
    make("button", { type: "button", text: "Export PNG", onclick: async () => download(await encodePng(painted()[0], true), "image/png", "annotation.png") }),
    make("button", { type: "button", text: "Export names", onclick: () => download(`${painted()[1].join("\n")}\n`, "text/plain", "annotation.names.txt") }),
    file);
}

function makeFit({ model, listen, painted }) {
  // The map goes along, for the last stroke may still be waiting to be sent.
  const start = async () => {
    const [map, names] = painted();
    model.send({ kind: "fit", names }, undefined, [(await encodePng(map)).buffer]);
  };
  const fit = make("button", { type: "button", text: "Fit and explain", class: "sx-explain", onclick: start });
  const cancel = make("button", { type: "button", text: "Cancel", onclick: () => model.send({ kind: "cancel" }) });
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
  return make("div", { class: "sx-fitting" }, make("div", { class: "sx-toolbar", role: "group", "aria-label": "Fit a network to what is painted" }, fit, cancel, bar), line);
}
