// The photograph to paint on. All painting happens here; Python receives finished strokes only.

import { freshId, make } from "../shared/elements.js";
import { watchKernel } from "../shared/kernel.js";
import { percent, short } from "../shared/numbers.js";
import { decode, numbersOf } from "../shared/pictures.js";
import { committer, listener, prepare } from "../shared/view.js";
import { makeControls, showControls } from "./controls.js";
import { drawMap } from "./draw.js";
import { makeHistory } from "./history.js";
import { listenToKeys, listenToPointers } from "./input.js";
import { drawMarks } from "./marks.js";
import { makeClasses, makeFiles, makeFit } from "./panel.js";
import { encodePng } from "../shared/png.js";
import { cutOut, floodFill, joinBoxes, paintLine, paintPolygon, putBack, sameBytes, UNPAINTED, wholeBox } from "./raster.js";

const MOST_SHOWN = 40; // code points of a name in a sentence
const MOST_ZOOM = 8;

class Painter {
  constructor(model, el, map) {
    this.model = model;
    this.listen = listener(model);
    this.commit = committer(model);
    this.root = prepare(el, "sx-painter");
    this.steps = makeHistory();
    this.names = [...model.get("names")];
    this.map = map;
    this.own = model.get("classes"); // the bytes that the map was made of, or that were made of it
    this.spot = null; // the pixel under the pointer, or reached by the arrow keys
    this.stroke = null; // what is being painted: in words, the map before it, and the box it has touched so far
    this.corners = []; // of a polygon
    this.penDown = null; // where the keyboard's brush is while it is down
    this.sending = 0;
    this.build();
    this.connect();
    this.showAll();
  }

  get(key) { return this.model.get(key); }
  get tool() { return this.get("tool"); }
  get brush() { return this.get("brush"); }
  get current() { return Math.min(this.get("current"), this.names.length - 1); }

  build() {
    this.controls = makeControls(this);
    const { tools, view, help } = this.controls;
    this.photo = make("img", { alt: "", draggable: "false" });
    this.paint = make("canvas", { "aria-hidden": "true" });
    this.above = make("canvas", { "aria-hidden": "true" });
    this.paper = make("div", { class: "sx-paper" }, this.photo, this.paint, this.above);
    help.id = freshId("help");
    this.stage = make("div", {
      class: "sx-stage", tabindex: 0, role: "application", "aria-label": "Photograph to paint on", "aria-describedby": help.id,
    }, this.paper);
    this.note = make("p", { class: "sx-note", role: "status", dir: "auto" });
    this.message = make("p", { class: "sx-message", role: "status", dir: "auto" });
    this.classes = makeClasses(this);
    this.root.append(tools, view,
      make("div", { class: "sx-body" },
        make("div", { class: "sx-left" }, this.stage, this.note),
        make("div", { class: "sx-right" }, this.classes.list, this.classes.add, makeFiles(this), this.message)),
      makeFit(this),
      make("details", {}, make("summary", { text: "Keys" }), help));
    watchKernel(this.model, this.root, this.listen, "You can go on painting; export the painting to keep it.");
  }

  connect() {
    this.stopPointer = listenToPointers(this);
    listenToKeys(this);
    for (const key of ["tool", "current", "brush", "opacity", "zoom", "message"]) {
      this.listen.model(`change:${key}`, () => this.showState());
    }
    this.listen.model("change:classes change:names", () => this.adopt());
    const kernel = this.model.widget_manager?.kernel;
    if (kernel?.connectionStatusChanged) { // what was painted while the kernel was away
      const back = () => { if (kernel.connectionStatus === "connected" && this.steps.canUndo) this.changed("The kernel is back"); };
      kernel.connectionStatusChanged.connect(back);
      this.listen.ending(() => kernel.connectionStatusChanged.disconnect(back));
    }
    const picture = URL.createObjectURL(new Blob([this.get("photo")], { type: "image/jpeg" }));
    this.photo.src = picture;
    this.listen.ending(() => URL.revokeObjectURL(picture));
  }

  // --- steps: everything that can be undone ---------------------------------------------------------------------
  begin(what) {
    if (this.stroke) this.finish(); // "paint the rest" in the middle of a drag: what was dragged is a step of its own
    this.stroke = { what, before: this.map.ids.slice(), box: null };
  }

  touch(box) {
    this.stroke.box = joinBoxes(this.stroke.box, box);
    this.drawPaint(box);
  }

  letGo() { // a pointer or the keyboard's brush that is still down paints no more
    this.stroke = this.penDown = null;
    this.stopPointer();
  }

  finish(newNames = this.names) {
    const { what, before, box } = this.stroke, old = this.names, { map } = this;
    this.letGo();
    const part = box || [0, 0, 0, 0];
    const step = { what, box: part, before: cutOut(map, before, part), after: cutOut(map, map.ids, part), names: [old, newNames] };
    if (old === newNames && sameBytes(step.before, step.after)) return;
    this.steps.add(step);
    this.takeNames(newNames);
    this.changed(what);
  }

  giveUp() { // a stroke that turned out to be something else
    if (!this.stroke) return;
    this.map.ids.set(this.stroke.before);
    this.drawPaint(this.stroke.box);
    this.letGo();
  }

  travel(back) {
    if (this.stroke) return;
    const step = this.steps.move(back);
    if (!step) return;
    putBack(this.map, back ? step.before : step.after, step.box);
    this.drawPaint(step.box);
    this.takeNames(step.names[back ? 0 : 1]);
    this.changed(`${back ? "undone" : "done again"}: ${step.what}`);
  }

  takeNames(next) {
    const renamed = next !== this.names;
    this.names = next;
    if (renamed) this.classes.show();
    this.showState();
  }

  async changed(what) {
    this.showState();
    this.showShares(what);
    const turn = ++this.sending, png = await encodePng(this.map);
    if (turn !== this.sending) return; // a later change is on its way
    this.own = new DataView(png.buffer);
    this.commit("names", [...this.names]);
    this.commit("classes", this.own);
  }

  // --- what tools and buttons do --------------------------------------------------------------------------------
  nameOf(id) { return short(this.names[id], MOST_SHOWN); }
  inkOf(erasing) { return erasing ? UNPAINTED : this.current; }
  start(ink) { this.begin(ink === UNPAINTED ? "erased" : `painted ${this.nameOf(ink)}`); }

  fillAt(place) {
    this.begin(`filled with ${this.nameOf(this.current)}`);
    this.touch(floodFill(this.map, place, this.current));
    this.finish();
  }

  addCorner(place) {
    const { corners } = this, last = corners.at(-1), first = corners[0];
    if (corners.length > 2 && Math.hypot(place.x - first.x, place.y - first.y) < 8 * this.scale()) {
      this.closePolygon();
      return;
    }
    if (!last || last.x !== place.x || last.y !== place.y) corners.push(place);
    this.notify(`${corners.length} corners`);
    this.showState();
  }

  closePolygon() {
    if (this.corners.length < 3) {
      this.notify("A polygon needs at least three corners.");
      return;
    }
    this.begin(`polygon of ${this.nameOf(this.current)}`);
    this.touch(paintPolygon(this.map, this.corners, this.current));
    this.corners = [];
    this.finish();
    this.drawAbove();
  }

  paintRest() {
    const { ids } = this.map, id = this.current;
    this.begin(`the rest is ${this.nameOf(id)}`);
    for (let i = 0; i < ids.length; i++) if (ids[i] === UNPAINTED) ids[i] = id;
    this.touch(wholeBox(this.map));
    this.finish();
  }

  clear() {
    this.begin("cleared");
    this.map.ids.fill(UNPAINTED);
    this.touch(wholeBox(this.map));
    this.finish();
  }

  remap(what, idOf, newNames) {
    const { ids } = this.map;
    this.begin(what);
    ids.forEach((id, i) => { if (id !== UNPAINTED) ids[i] = idOf(id); });
    this.touch(wholeBox(this.map));
    this.finish(newNames);
  }

  rename(what, newNames) {
    this.begin(what);
    this.finish(newNames);
  }

  choose(key, value) {
    if (this.penDown) this.put(false);
    if (key === "tool" && value !== "polygon") this.corners = [];
    this.commit(key, value);
  }

  put(down) { // the keyboard's brush
    if (down) {
      const ink = this.inkOf(this.tool === "erase");
      this.start(ink);
      this.penDown = this.spot;
      this.touch(paintLine(this.map, this.spot, this.spot, this.brush, ink));
      this.notify("The brush is down: arrows paint.");
    } else this.finish();
    this.drawAbove();
  }

  moveByKeys(place) {
    if (this.penDown) {
      this.touch(paintLine(this.map, this.penDown, place, this.brush, this.inkOf(this.tool === "erase")));
      this.penDown = place;
    }
    this.spot = place;
    const id = this.map.ids[place.y * this.map.width + place.x];
    const what = id === UNPAINTED ? "not painted" : this.nameOf(id);
    if (!this.penDown) this.notify(`${place.x + 1} right, ${place.y + 1} down: ${what}`);
    this.drawAbove();
  }

  escape() {
    this.corners = [];
    this.giveUp();
    this.showState();
  }

  zoomBy(factor) { this.commit("zoom", Math.max(1, Math.min(MOST_ZOOM, this.get("zoom") * factor))); }

  sizeBy(factor) {
    const size = Math.round(this.brush * factor + Math.sign(factor - 1));
    this.commit("brush", Math.max(1, Math.min(Number(this.controls.size.max), size)));
  }

  // --- what is shown --------------------------------------------------------------------------------------------
  // Pixels of the photograph for one of the screen.
  scale() { return this.map.width / (this.paper.clientWidth || this.map.width); }
  drawPaint(box) { if (box) drawMap(this.paint.getContext("2d"), this.map, box); }
  drawAbove() { drawMarks(this.above.getContext("2d"), this); }
  notify(text) { this.note.textContent = text; }

  shares() {
    const counts = new Uint32Array(256);
    for (const id of this.map.ids) counts[id]++;
    return Array.from(counts, (count) => count / this.map.ids.length);
  }

  showShares(what = "") {
    const share = this.shares();
    this.classes.showShares(share);
    this.notify(`${what ? `${what}. ` : ""}Not painted yet: ${percent(share[UNPAINTED])}.`);
  }

  showState() {
    showControls(this, MOST_ZOOM);
    this.classes.showCurrent();
    this.paint.style.opacity = this.get("opacity");
    this.paper.style.width = `${100 * this.get("zoom")}%`;
    this.message.textContent = this.get("message");
    this.drawAbove();
  }

  showAll() {
    const { width, height } = this.map;
    for (const canvas of [this.paint, this.above]) [canvas.width, canvas.height] = [width, height];
    this.paper.style.aspectRatio = `${width} / ${height}`;
    this.stage.parentElement.style.maxWidth = `${Math.max(width, 480)}px`;
    this.drawPaint(wholeBox(this.map));
    this.classes.show();
    this.showState();
    this.showShares();
  }

  async adopt() { // what comes from Python, or from another view
    const bytes = this.get("classes"), names = () => this.get("names");
    if (bytes === this.own && sameNames(this.names, names())) return;
    const next = bytes === this.own ? this.map : await mapOf(this.model);
    if (this.get("classes") !== bytes) return; // another one came while this was decoded
    this.own = bytes;
    if (sameBytes(next.ids, this.map.ids) && sameNames(this.names, names())) return; // what was painted here comes back
    this.giveUp();
    this.corners = [];
    this.map = next;
    this.names = [...names()];
    this.steps.clear();
    this.showAll();
  }
}

const sameNames = (a, b) => a.length === b.length && a.every((name, k) => name === b[k]);

async function mapOf(model) {
  const picture = await decode(model.get("classes"));
  return { width: picture.width, height: picture.height, ids: Uint8Array.from(numbersOf(picture)) };
}

async function render({ model, el }) {
  const painter = new Painter(model, el, await mapOf(model));
  painter.root.dataset.ready = "true";
  return () => painter.listen.end();
}

export default { render };
