// The photograph to paint on. All painting happens here; Python hears of finished strokes only.

const TOOLS = { brush: ["Brush", "b"], polygon: ["Polygon", "p"], erase: ["Erase", "e"], fill: ["Fill", "f"] };
const MOST_SAID = 40; // code points of a name in a sentence
const HELP = "With keys, on the picture: arrows move by 8 pixels (with Shift by 1). Space paints, sets a corner, or fills. "
  + "Enter puts the brush down and up, or closes the polygon. Backspace takes a corner back, Escape gives up. "
  + "b p e f: tools; 0–9: class; [ and ]: brush size; + and −: zoom; r: paint the rest; Ctrl+Z, Ctrl+Y: undo, redo.";

async function render({ model, el }) {
  const listen = listener(model), commit = committer(model), get = (key) => model.get(key);
  const root = prepare(el, "sx-painter"), steps = makeHistory();
  let names = [...get("names")], map = await mapOf(model), own = get("classes");
  let spot = null; // the pixel under the pointer, or reached by the arrow keys
  let stroke = null; // what is being painted: in words, the map before it, and the box it has touched so far
  let corners = [], penDown = null; // of a polygon; where the keyboard's brush is while it is down

  // --- elements -------------------------------------------------------------------------------------------------
  const current = () => Math.min(get("current"), names.length - 1);
  const button = (text, act, more = {}) => make("button", { type: "button", text, onclick: act, ...more });
  const range = (low, high, step) => make("input", { type: "range", min: low, max: high, step });
  const tools = Object.fromEntries(Object.entries(TOOLS).map(([tool, [text, key]]) =>
    [tool, button(text, () => choose("tool", tool), { "aria-keyshortcuts": key, "data-tool": tool })]));
  const undo = button("Undo", () => travel(true), { "aria-keyshortcuts": "Control+Z" });
  const redo = button("Redo", () => travel(false), { "aria-keyshortcuts": "Control+Y" });
  const rest = button("Paint the rest", paintRest, { "aria-keyshortcuts": "r", title: "Everything not painted yet takes the chosen class" });
  const close = button("Close polygon", closePolygon);
  const size = range(1, Math.max(8, Math.round(Math.max(map.width, map.height) / 5)), 1), sizeSays = make("output", { class: "sx-value" });
  const opacity = range(0, 1, 0.05);
  const smaller = button("−", () => zoomBy(1 / 1.5), { "aria-label": "Zoom out" }), larger = button("+", () => zoomBy(1.5), { "aria-label": "Zoom in" });
  const photo = make("img", { alt: "", draggable: "false" }), paint = make("canvas", { "aria-hidden": "true" }), above = make("canvas", { "aria-hidden": "true" });
  const paper = make("div", { class: "sx-paper" }, photo, paint, above);
  const help = make("p", { class: "sx-help", id: freshId("help"), text: HELP });
  const stage = make("div", { class: "sx-stage", tabindex: 0, role: "application", "aria-label": "Photograph to paint on", "aria-describedby": help.id }, paper);
  const said = make("p", { class: "sx-said", role: "status", dir: "auto" }), told = make("p", { class: "sx-told", role: "status", dir: "auto" });
  const classes = makeClasses({ names: () => names, current, choose, say, remap, rename: (what, next) => { begin(what); finish(next); } });
  root.append(
    make("div", { class: "sx-toolbar", role: "group", "aria-label": "Tools" }, ...Object.values(tools), close, undo, redo, rest),
    make("div", { class: "sx-toolbar", role: "group", "aria-label": "Brush and view" }, labelled("brush size", size, sizeSays),
      labelled("opacity", opacity), make("span", { class: "sx-field" }, make("span", { class: "sx-soft", text: "zoom" }), smaller, larger)),
    make("div", { class: "sx-body" },
      make("div", { class: "sx-left" }, stage, said),
      make("div", { class: "sx-right" }, classes.list, classes.add,
        makeFiles({ model, listen, say, painted: () => [map, names] }), told)),
    makeFit({ model, listen, painted: () => [map, names] }),
    make("details", {}, make("summary", { text: "Keys" }), help));
  watchPython(model, root, listen, "You can go on painting; export it to be safe.");

  // --- drawing --------------------------------------------------------------------------------------------------
  const scale = () => map.width / (paper.clientWidth || map.width); // photograph's pixels for one of the screen's
  const drawPaint = (box) => { if (box) drawMap(paint.getContext("2d"), map, box); };

  function drawAbove() {
    const pen = above.getContext("2d"), unit = scale();
    pen.clearRect(0, 0, map.width, map.height);
    const trace = () => {
      pen.beginPath();
      corners.forEach((c, k) => (k ? pen.lineTo(c.x + 0.5, c.y + 0.5) : pen.moveTo(c.x + 0.5, c.y + 0.5)));
      if (spot && corners.length) pen.lineTo(spot.x + 0.5, spot.y + 0.5);
      if (corners.length) { pen.moveTo(corners[0].x + 0.5 + 5 * unit, corners[0].y + 0.5); pen.arc(corners[0].x + 0.5, corners[0].y + 0.5, 5 * unit, 0, 7); }
      if (!spot) return;
      const x = spot.x + 0.5, y = spot.y + 0.5, r = ["brush", "erase"].includes(get("tool")) ? Math.max(get("brush") / 2, 2 * unit) : 3 * unit;
      pen.moveTo(x + r, y);
      pen.arc(x, y, r, 0, 7);
      for (const [dx, dy] of [[1, 0], [-1, 0], [0, 1], [0, -1]]) {
        pen.moveTo(x + dx * (r + 2 * unit), y + dy * (r + 2 * unit));
        pen.lineTo(x + dx * (r + 8 * unit), y + dy * (r + 8 * unit));
      }
    };
    for (const [colour, width] of [["#1b1b1b", 4], [penDown ? "#ffffff" : "#ffd400", 2]]) {
      pen.strokeStyle = colour;
      pen.lineWidth = width * unit;
      trace();
      pen.stroke();
    }
  }

  // --- steps: everything that can be undone ---------------------------------------------------------------------
  function begin(what) {
    if (stroke) finish(); // "paint the rest" in the middle of a drag: what was dragged is a step of its own
    stroke = { what, before: map.ids.slice(), box: null };
  }
  function touch(box) { stroke.box = joinBoxes(stroke.box, box); drawPaint(box); }

  function letGo() { // a pointer or the keyboard's brush that is still down paints no more
    stroke = penDown = null;
    stopPointer();
  }

  function finish(newNames = names) {
    const { what, before, box } = stroke, old = names;
    letGo();
    const part = box || [0, 0, 0, 0], step = { what, box: part, before: cutOut(map, before, part), after: cutOut(map, map.ids, part), names: [old, newNames] };
    if (old === newNames && sameBytes(step.before, step.after)) return;
    steps.add(step);
    names = newNames;
    if (old !== newNames) classes.show(); showState();
    changed(what);
  }

  function giveUp() { // a stroke that turned out to be something else
    if (!stroke) return;
    map.ids.set(stroke.before);
    drawPaint(stroke.box);
    letGo();
  }

  function travel(back) {
    if (stroke) return;
    const step = steps.move(back);
    if (!step) return;
    putBack(map, back ? step.before : step.after, step.box);
    const [before, after] = step.names, next = back ? before : after;
    const renamed = next !== names;
    names = next;
    drawPaint(step.box);
    if (renamed) classes.show(); showState();
    changed(`${back ? "undone" : "done again"}: ${step.what}`);
  }

  let sending = 0;
  async function changed(what) {
    showState();
    sayShares(what);
    const turn = ++sending, png = await encodePng(map);
    if (turn !== sending) return; // a later change is on its way
    own = new DataView(png.buffer);
    commit("names", [...names]);
    commit("classes", own);
  }

  // --- tools ----------------------------------------------------------------------------------------------------
  const nameOf = (id) => short(names[id], MOST_SAID);
  const inkOf = (erasing) => (erasing ? UNPAINTED : current());

  function fillAt(place) {
    begin(`filled with ${nameOf(current())}`);
    touch(floodFill(map, place, current()));
    finish();
  }

  function addCorner(place) {
    const last = corners.at(-1), first = corners[0];
    if (corners.length > 2 && Math.hypot(place.x - first.x, place.y - first.y) < 8 * scale()) return closePolygon();
    if (!last || last.x !== place.x || last.y !== place.y) corners.push(place);
    say(`${corners.length} corners`);
    showState();
  }

  function closePolygon() {
    if (corners.length < 3) return say("A polygon needs at least three corners.");
    begin(`polygon of ${nameOf(current())}`);
    touch(paintPolygon(map, corners, current()));
    corners = [];
    finish();
    drawAbove();
  }

  function paintRest() {
    begin(`the rest is ${nameOf(current())}`);
    for (let i = 0; i < map.ids.length; i++) if (map.ids[i] === UNPAINTED) map.ids[i] = current();
    touch(wholeBox(map));
    finish();
  }

  function remap(what, idOf, newNames) {
    begin(what);
    map.ids.forEach((id, i) => { if (id !== UNPAINTED) map.ids[i] = idOf(id); });
    touch(wholeBox(map));
    finish(newNames);
  }

  function choose(key, value) {
    if (penDown) put(false);
    if (key === "tool" && value !== "polygon") corners = [];
    commit(key, value);
  }

  // --- saying ---------------------------------------------------------------------------------------------------
  function say(text) { said.textContent = text; }

  function shares() {
    const counts = new Uint32Array(256);
    for (const id of map.ids) counts[id]++;
    return Array.from(counts, (count) => count / map.ids.length);
  }

  function sayShares(what = "") {
    const share = shares();
    classes.list.querySelectorAll(".sx-share").forEach((node, id) => { node.textContent = percent(share[id]); });
    say(`${what ? `${what}. ` : ""}Not painted yet: ${percent(share[UNPAINTED])}.`);
  }

  function showState() {
    for (const [tool, node] of Object.entries(tools)) node.setAttribute("aria-pressed", String(tool === get("tool")));
    classes.list.querySelectorAll(".sx-pick").forEach((node, id) => node.setAttribute("aria-pressed", String(id === current())));
    size.value = get("brush");
    sizeSays.textContent = `${get("brush")} px`;
    opacity.value = get("opacity");
    paint.style.opacity = get("opacity");
    paper.style.width = `${100 * get("zoom")}%`;
    smaller.disabled = get("zoom") <= 1;
    larger.disabled = get("zoom") >= 8;
    undo.disabled = !steps.canUndo;
    redo.disabled = !steps.canRedo;
    close.hidden = corners.length < 3;
    told.textContent = get("message");
    drawAbove();
  }

  const zoomBy = (factor) => commit("zoom", Math.max(1, Math.min(8, get("zoom") * factor)));
  const sizeBy = (factor) => commit("brush", Math.max(1, Math.min(Number(size.max), Math.round(get("brush") * factor + Math.sign(factor - 1)))));

  // --- pointer and keys: painter_input.js -----------------------------------------------------------------------
  const start = (ink) => begin(ink === UNPAINTED ? "erased" : `painted ${nameOf(ink)}`);

  function put(down) { // the keyboard's brush
    if (down) {
      const ink = inkOf(get("tool") === "erase");
      start(ink);
      penDown = spot;
      touch(paintLine(map, spot, spot, get("brush"), ink));
      say("The brush is down: arrows paint.");
    } else finish();
    drawAbove();
  }

  const stopPointer = listenToPointers({
    listen, stage, paper, get map() { return map; }, tool: () => get("tool"), brush: () => get("brush"),
    moveTo(place) { spot = place; drawAbove(); }, start, touch, giveUp, inkOf, fillAt, addCorner, closePolygon, end() { finish(); },
  });
  listenToKeys({
    listen, root, stage, get map() { return map; }, get spot() { return spot; }, get penDown() { return penDown; }, tool: () => get("tool"),
    moveTo(place) {
      if (penDown) { touch(paintLine(map, penDown, place, get("brush"), inkOf(get("tool") === "erase"))); penDown = place; }
      spot = place;
      const id = map.ids[place.y * map.width + place.x];
      if (!penDown) say(`${place.x + 1} right, ${place.y + 1} down: ${id === UNPAINTED ? "not painted" : nameOf(id)}`);
      drawAbove();
    },
    escape() { corners = []; giveUp(); showState(); },
    backspace() { corners.pop(); showState(); },
    put, fillAt, addCorner, closePolygon, travel, paintRest, zoomBy, sizeBy, choose, count: () => names.length,
  });
  listen.on(size, "input", () => commit("brush", Number(size.value)));
  listen.on(opacity, "input", () => commit("opacity", Number(opacity.value)));

  // --- what comes from Python, or from another view ---------------------------------------------------------------
  for (const key of ["tool", "current", "brush", "opacity", "zoom", "message"]) listen.model(`change:${key}`, showState);
  async function adopt() {
    const bytes = get("classes");
    if (bytes === own && sameNames(names, get("names"))) return;
    const next = bytes === own ? map : await mapOf(model);
    if (get("classes") !== bytes) return; // another one came while this was decoded
    own = bytes;
    if (sameBytes(next.ids, map.ids) && sameNames(names, get("names"))) return; // what was painted here comes back
    giveUp();
    corners = [];
    [map, names] = [next, [...get("names")]];
    steps.clear();
    showAll();
  }
  listen.model("change:classes change:names", adopt);
  const kernel = model.widget_manager?.kernel;
  if (kernel?.connectionStatusChanged) { // what was painted while Python was away
    const back = () => { if (kernel.connectionStatus === "connected" && steps.canUndo) changed("Python is back"); };
    kernel.connectionStatusChanged.connect(back);
    listen.ending(() => kernel.connectionStatusChanged.disconnect(back));
  }

  const picture = URL.createObjectURL(new Blob([get("photo")], { type: "image/jpeg" }));
  photo.src = picture;
  listen.ending(() => URL.revokeObjectURL(picture));

  function showAll() {
    for (const canvas of [paint, above]) [canvas.width, canvas.height] = [map.width, map.height];
    paper.style.aspectRatio = `${map.width} / ${map.height}`;
    stage.parentElement.style.maxWidth = `${Math.max(map.width, 480)}px`;
    drawPaint(wholeBox(map));
    classes.show(); showState();
    sayShares();
  }
  showAll();
  root.dataset.ready = "true";
  return () => listen.end();
}

const sameNames = (a, b) => a.length === b.length && a.every((name, k) => name === b[k]);

async function mapOf(model) {
  const picture = await decode(model.get("classes"));
  return { width: picture.width, height: picture.height, ids: Uint8Array.from(numbersOf(picture)) };
}
