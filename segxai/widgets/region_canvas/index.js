// The photograph with its regions. Hover, keys, switches, method, class and kernel width are answered here, from the table of
// the classifier's outputs that came with the picture; Python receives committed choices only.

import { button, freshId, labelled, make, nameIn, toolbar } from "../shared/elements.js";
import { joinGroup } from "../shared/group.js";
import { watchKernel } from "../shared/kernel.js";
import { send } from "../shared/messages.js";
import { counted, FAINT, fixed, percent, short, signed } from "../shared/numbers.js";
import { committer, listener, prepare } from "../shared/view.js";
import { makeCoalition } from "./coalition.js";
import { makePin, pairOf, subtract, weightAt } from "./compare.js";
import { makeCutOuts } from "./cutouts.js";
import { makeDisplay } from "./display.js";
import { columnOf, explainTable, METHODS, outputsWithout, readTable } from "./explain.js";
import { makeFiles } from "./files.js";
import { makeGauge } from "./gauge.js";
import { levelOf, treeWeights } from "./level.js";
import { makeList, orderOf } from "./list.js";
import { editName, openMenu } from "./menu.js";
import { isArrow, neighbourOf } from "./neighbours.js";
import { paintAbove, paintBase, paintDifference } from "./paint.js";
import { presentButton, roomFor, wholeOf } from "./room.js";
import { loadScene } from "./scene.js";

const SETTINGS = ["target", "versus", "method", "kernel_width", "alpha", "depth"];
const DISPLAY = ["view", "opacity", "threshold", "zoom"];
const CONTENT = ["photo", "filled", "labels", "names", "areas", "anchors", "nouns", "size",
  "table", "bits", "log_importance", "classes", "output", "segmenter", "note", "tree"];
const MOST_SHOWN = 70; // code points of a name in a sentence
const DESCRIBED = 12; // regions in the picture's description
const TEXT_SIZES = [12.5, 22]; // of the numbers on the picture, in pixels of the screen
const WIDE = 1.9; // a picture so wide for its height has its weights below, unless there is much room
const TITLE_HINT = "What divides the photograph, the number of regions, the method, and R²: "
  + "the share of the table's variance that the weights explain";
const HELP = "Click a region to switch it off and on. With keys: arrows move, Enter switches, r renames, m opens its menu, "
  + "Escape leaves.";

class Canvas {
  constructor(model, el, scene) {
    Object.assign(this, { model, scene, current: -1, cursor: null, shared: {}, limits: new Map(), merging: -1, away: false });
    Object.assign(this, { spot: null, pinned: null, other: null, seen: false, paperWidth: 0 });
    this.listen = listener(model);
    this.commit = committer(model);
    this.cutOutOf = makeCutOuts();
    this.root = prepare(el, "sx-canvas");
    this.table = readTable(model);
    this.setLevel();
    this.build();
    this.connect();
    const note = this.get("group") ? "" : "What is shown still works."; // in a group the form shows it
    watchKernel(model, this.root, this.listen, note, (away) => {
      this.away = away;
      this.files.show(this.live);
    });
    this.explain();
    this.showAll();
    this.showBusy();
    this.share("hello", true);
  }

  get(key) { return this.model.get(key); }
  // Of the model's own regions those that are off, and of the regions shown those that are off altogether.
  get offLeaves() { return new Set(this.get("off")); }
  get off() {
    const gone = this.offLeaves;
    return new Set(this.level.leaves.flatMap((leaves, k) => (leaves.every((leaf) => gone.has(leaf)) ? [k] : [])));
  }
  get names() { return this.level.names; }
  get live() { return !this.model.still && !this.away; } // whether Python is there
  get pair() { return pairOf(this.layer, this.pinned, this.other); }
  get view() {
    const view = this.get("view");
    return view === "difference" && !this.pair ? "weights" : view;
  }
  get weights() { return this.explanation.weights; }
  get most() { return Math.max(...this.weights.map(Math.abs), FAINT); }
  get limit() { return Math.max(this.most, ...this.limits.values()); }
  // Those of the group's form win over the model's own, which arrive from Python later.
  get settings() {
    const known = (key) => (key in this.shared && !(key === "target" && !this.table.classes.includes(this.shared.target)));
    const found = Object.fromEntries(SETTINGS.map((key) => [key, known(key) ? this.shared[key] : this.get(key)]));
    // Trees come from Python: until then, what is here is shown as what it is.
    const tree = Boolean(this.get("tree")?.joins);
    const versus = found.versus === found.target ? "" : found.versus;
    return { ...found, versus, method: tree ? "tree" : found.method === "tree" ? this.get("method") : found.method };
  }

  // --- elements -----------------------------------------------------------------------------------------------------
  build() {
    this.title = make("p", { class: "sx-title", dir: "auto", title: TITLE_HINT });
    this.problem = make("p", { class: "sx-problem", role: "status" });
    this.gauge = makeGauge();
    this.base = make("canvas", { "aria-hidden": "true" });
    this.above = make("canvas", { class: "sx-above", "aria-hidden": "true" });
    this.sheet = make("canvas"); // of what is above, never in the page
    this.paper = make("div", { class: "sx-paper" }, this.base, this.above);
    const help = make("p", { class: "sx-help", id: freshId("help"), text: HELP });
    this.stage = make("div", {
      class: "sx-stage", tabindex: 0, role: "group", "aria-roledescription": "picture with regions", "aria-describedby": help.id,
    }, this.paper);
    this.pointed = make("p", { class: "sx-pointed", "aria-live": "polite" });
    this.list = makeList({
      toggle: (k) => this.toggle(k), point: (k) => this.point(k), menu: (k, anchor) => this.openMenu(k, anchor),
      rename: (k) => this.editName(k),
    });
    this.display = makeDisplay(this.listen, (key) => this.get(key), (key, value) => this.setDisplay(key, value));
    this.files = makeFiles(this);
    this.comparison = makePin(() => this.layer, () => this.base, (layer) => {
      this.pinned = layer;
      this.showDisplay();
    }, (on) => this.share("pin", on));
    this.legend = ["opposes", "supports the class"].map((text) => make("span", { text }));
    this.root.classList.toggle("sx-grouped", Boolean(this.get("group")));
    this.coalition = makeCoalition(this);
    const means = "A weight is what showing the region adds to the output for the class";
    const legend = make("p", { class: "sx-legend", title: means },
      this.legend[0], make("span", { class: "sx-ramp", "aria-hidden": "true" }), this.legend[1]);
    this.root.append(
      make("div", { class: "sx-body" },
        make("div", { class: "sx-left" }, this.stage, this.pointed, legend),
        make("div", { class: "sx-right" },
          make("div", { class: "sx-facts" }, this.gauge.line, this.gauge.answer),
          make("div", {}, this.gauge.classes, this.title, this.problem),
          make("div", { class: "sx-switches" }, this.display.choice, this.actions()), this.list.element)),
      this.comparison.element, this.coalition.element, this.display.element, this.files.element, help);
  }

  actions() {
    this.only = make("select", {
      "aria-label": "Show only", title: "Show only one region, or those that support the class most",
    });
    this.only.addEventListener("change", () => {
      const [kind, number] = this.only.value.split(" ");
      if (kind === "top") this.keepTop(Number(number));
      else if (kind === "region") this.showOnly(Number(number));
      this.only.value = "";
    });
    this.allOn = button("Turn all on", () => this.setOff([]), { title: "Show every region again" });
    this.mirror = make("input", { type: "checkbox" });
    this.mirrored = labelled("Both panes", this.mirror, "", "Switch the region at the same place of the other pane, too");
    this.mirrored.hidden = true; // until there is another pane
    return toolbar("Which regions are shown", this.allOn,
      button("Invert", () => this.setOff(this.names.map((_, k) => k).filter((k) => !this.off.has(k))),
        { title: "Show what is hidden and hide what is shown" }),
      this.mirrored, this.only, this.comparison.pin, presentButton(this.root));
  }

  connect() {
    const { listen, base, stage } = this;
    listen.on(base, "pointermove", (event) => this.moveTo(this.placeOf(event)));
    listen.on(base, "pointerleave", () => this.moveTo(null));
    listen.on(base, "click", (event) => this.clicked(this.placeOf(event)));
    listen.on(base, "contextmenu", (event) => {
      event.preventDefault();
      this.openMenu(this.regionAt(this.placeOf(event)), stage);
    });
    listen.on(stage, "keydown", (event) => this.keyed(event));
    // In both panes at once, for their photographs stay side by side.
    this.folded().forEach((each, place) => listen.on(each, "toggle", () => this.share("open", [place, each.open])));
    listen.on(stage, "blur", () => this.point(-1));
    listen.on(stage, "scroll", () => {
      this.share("scroll", [stage.scrollLeft / stage.scrollWidth, stage.scrollTop / stage.scrollHeight]);
    });
    this.share = joinGroup(listen, this.get("group"), this.receivers());
    listen.ending(() => this.share("limit", 0));
    for (const key of DISPLAY) listen.model(`change:${key}`, () => this.showDisplay());
    listen.model("change:off", () => this.showOff());
    listen.model("change:busy", () => this.showBusy());
    this.follow(CONTENT, () => this.reload());
    this.follow([...SETTINGS, "weights"], () => this.showSettings());
    this.resized = new ResizeObserver(() => this.measure());
    for (const each of [stage, this.paper, this.list.element, wholeOf(this.root)]) this.resized.observe(each);
    listen.ending(() => this.resized.disconnect());
    for (const each of ["resize", "fullscreenchange"]) listen.on(window, each, () => this.measure());
  }

  // Sizes are read here alone, where the page's layout is known: to read them while the page changes computes it again.
  measure() {
    this.paperWidth = this.paper.clientWidth;
    const seen = this.paperWidth > 0;
    if (seen) this.fit();
    if (seen !== this.seen) {
      this.seen = seen;
      this.shareLayer();
    }
    this.paintAbove();
  }

  // The picture takes the room that there is; with zoom, more than that.
  fit() {
    const zoom = this.get("zoom"), room = roomFor(this.stage, wholeOf(this.root)), { width, height } = this.scene;
    if (zoom === 1) this.fitted = this.stage.clientWidth;
    this.fitted ||= Math.min((room * width) / height, 0.6 * this.root.clientWidth);
    this.root.style.setProperty("--sx-room", `${room}px`);
    this.root.style.setProperty("--sx-zoomed", `${Math.round(this.fitted * zoom)}px`);
    this.list.count();
  }

  // Pictures that nobody sees are not compared with.
  shareLayer() { this.share("layer", this.seen ? this.layer : null); }

  folded() { return [this.coalition.element, this.display.element, this.files.element]; }

  receivers() {
    return {
      cursor: (spot) => this.followCursor(spot),
      settings: (values) => { this.shared = values; this.showSettings(); },
      display: ([key, value]) => { if (this.get(key) !== value) this.commit(key, value); },
      scroll: ([x, y]) => { this.stage.scrollTo(x * this.stage.scrollWidth, y * this.stage.scrollHeight); },
      toggleAt: ([spot, on]) => this.switchTo(this.regionAt(spot), on),
      hello: () => {
        this.share("limit", this.most);
        this.shareLayer();
      },
      limit: (most, from) => this.takeLimit(most, from),
      pin: (on) => this.comparison.set(on),
      open: ([place, open]) => { this.folded()[place].open = open; },
      layer: (layer) => {
        this.other = layer;
        this.placeDisplay();
        if (this.get("view") === "difference") this.paintBase();
      },
    };
  }

  // Several keys change with one message; what follows is done once.
  follow(keys, act) {
    let due = false;
    this.listen.model(keys.map((key) => `change:${key}`).join(" "), () => {
      if (due) return;
      due = true;
      queueMicrotask(() => {
        due = false;
        act();
      });
    });
  }

  // --- what is shown ------------------------------------------------------------------------------------------------
  async reload() {
    const turn = (this.turn = (this.turn ?? 0) + 1), next = await loadScene(this.model, this.scene);
    if (turn !== this.turn) return;
    this.scene = next;
    this.table = readTable(this.model);
    this.setLevel();
    this.explain();
    this.showAll();
  }

  setLevel() {
    const { depth } = this.settings;
    this.depth = depth;
    this.level = levelOf((key) => this.get(key), this.scene, depth);
  }

  explain() {
    const given = { weights: this.get("weights"), intercept: this.get("intercept"), r2: this.get("r2") };
    const { nodes } = this.level, { target, versus } = this.settings;
    if (nodes) given.weights = treeWeights(this.get("tree"), this.table.classes, nodes, target, versus);
    this.explanation = explainTable(this.table, this.settings, given);
    this.share("limit", this.most);
  }

  showSettings() {
    if (this.get("names").length !== this.table.count) return; // other regions: what belongs to them is being read
    if (this.settings.depth !== this.depth) {
      this.setLevel();
      this.current = -1;
    }
    this.explain();
    if (this.shownKey !== this.keyOf()) this.showRegionsOnce(); // Python's echo of what was done here changes nothing
  }

  keyOf() { return JSON.stringify([this.settings, this.explanation]); }

  // A change of settings also changes the scale that the panes share: what follows from both is painted once.
  showRegionsOnce() {
    if (this.due) return;
    this.due = true;
    queueMicrotask(() => {
      this.due = false;
      this.showRegions();
    });
  }

  showAll() {
    const { width, height } = this.scene;
    for (const canvas of [this.base, this.above, this.sheet]) [canvas.width, canvas.height] = [width, height];
    this.paper.style.aspectRatio = `${width} / ${height}`;
    this.root.style.setProperty("--sx-aspect", width / height);
    this.root.classList.toggle("sx-wide", width / height > WIDE);
    if (this.current >= this.names.length) this.current = -1;
    this.showRegions();
  }

  showRegions() {
    const { weights, names } = this, { method, target, versus } = this.settings, { r2, problem } = this.explanation;
    this.shownKey = this.keyOf();
    const note = this.get("note"), made = `${this.get("segmenter")}: ${counted(names.length, "region")}`;
    this.title.textContent = `${made}, ${METHODS[method] ?? method}, R² ${fixed(r2, 2)}${note ? ` (${note})` : ""}`;
    this.problem.textContent = problem ?? "";
    const { areas, leaves, nodes } = this.level, [photo, , map] = this.scene.sources;
    this.list.show({
      weights, names, areas, leaves, sources: [photo, map], limit: this.limit, picture: (k) => this.cutOut(k),
      fixedNames: Boolean(nodes),
    });
    if (names.length !== this.counted) {
      this.counted = names.length;
      this.resized.unobserve(this.list.element);
      this.resized.observe(this.list.element); // which measures, once the layout is known
    }
    this.showChoices();
    this.showAnswer();
    const strongest = orderOf(weights).slice(0, DESCRIBED).map((k) => `${names[k]} ${signed(weights[k], 2)}`).join("; ");
    const why = versus ? `${target} rather than ${versus}` : target;
    this.stage.setAttribute("aria-label", `Weights of the regions for ${why}. ${strongest}`);
    const { width, height, labels } = this.level.scene;
    this.layer = { root: this.root, title: `${made}, ${METHODS[method] ?? method}, ${why}`, weights, labels, width, height };
    this.shareLayer();
    this.files.show(this.live);
    this.placeDisplay();
    this.showOff();
  }

  showAnswer() {
    const { weights, table, level } = this, { target, versus } = this.settings, most = weights.indexOf(Math.max(...weights));
    const without = outputsWithout(table, new Set(level.leaves[most]), this.explanation, this.settings, level.leaves);
    this.gauge.showAnswer({ table, target, versus, name: this.names[most], weight: weights[most], without });
  }

  showChoices() {
    const { names } = this, supporting = this.weights.filter((weight) => weight > 0).length;
    const made = JSON.stringify([names, supporting]);
    if (made === this.choicesKey) return;
    this.choicesKey = made;
    const option = (value, text) => make("option", { value, text });
    const tops = [1, 2, 3, 4, 5].filter((n) => n <= supporting).map((n) => option(`top ${n}`, `the top ${n}`));
    const regions = names.map((name, k) => option(`region ${k}`, short(name, MOST_SHOWN)));
    this.only.replaceChildren(option("", "Show only …"), ...tops, ...regions);
  }

  cutOut(k) { return this.cutOutOf(this.level, k, this.names[k]); }

  // Of each row of the table, the value that the weights explain.
  contrasted() { return columnOf(this.table, this.settings); }

  placeDisplay() {
    const { view, pair } = this; // what the view select offers depends on the pair, whatever the view is
    this.display.show(this.limit, view, Boolean(pair));
    const [minus, plus] = view === "difference" ? [`${pair[2]}: less`, "more"] : ["opposes", "supports the class"];
    this.legend[0].textContent = minus;
    this.legend[1].textContent = plus;
    this.root.classList.toggle("sx-zooming", this.get("zoom") > 1);
  }

  showDisplay() {
    this.placeDisplay();
    if (this.seen) this.fit();
    this.paintBase();
  }

  showOff() {
    const { table, off, level } = this, { target } = this.settings;
    const outputs = (gone) => outputsWithout(table, gone, this.explanation, this.settings, level.leaves);
    const whole = outputs(new Set()).values;
    this.now = outputs(this.offLeaves);
    this.gauge.show({ table, target, whole, now: this.now, off });
    this.coalition.show();
    this.paintBase();
    this.markRows();
    this.showPointed();
  }

  // At a place of the photograph.
  differenceAt(x, y) {
    const [plus, minus] = this.pair;
    return weightAt(plus, x, y) - weightAt(minus, x, y);
  }

  paintSettings() {
    const { view } = this, pair = view === "difference" ? this.pair : null;
    const differences = pair && this.level.anchors.map(([x, y]) => this.differenceAt(x, y));
    const limit = pair ? Math.max(this.limit, ...pair.slice(0, 2).flatMap(({ weights }) => weights.map(Math.abs))) : this.limit;
    return {
      off: this.off, limit, threshold: this.get("threshold"), opacity: this.get("opacity"), view, pair, differences,
      current: this.current, cursor: this.cursor, anchors: this.level.anchors,
      textSize: this.textSize * (this.scene.width / (this.paperWidth || this.scene.width)),
    };
  }

  get textSize() {
    const [least, most] = TEXT_SIZES;
    return Math.max(least, Math.min(most, this.paperWidth / 48));
  }

  paintBase() {
    const pen = this.base.getContext("2d"), settings = this.paintSettings(), { pair } = settings;
    if (pair) {
      // What the other picture has is taken on this one's pixels, with the sign of left minus right.
      const sign = pair[0] === this.layer ? 1 : -1, other = sign > 0 ? pair[1] : pair[0];
      paintDifference(pen, this.level.scene, subtract(this.layer, other).map((d) => sign * d), settings);
    } else paintBase(pen, this.level.scene, this.weights, settings);
    this.paintAbove();
  }

  // To write on a canvas of the page computes the page's layout, where that has changed: for every pane again.
  paintAbove() {
    paintAbove(this.sheet.getContext("2d"), this.level.scene, this.weights, this.paintSettings());
    const pen = this.above.getContext("2d");
    pen.clearRect(0, 0, this.above.width, this.above.height);
    pen.drawImage(this.sheet, 0, 0);
  }

  markRows() {
    const { off } = this;
    this.list.mark(this.current, off);
    this.coalition.mark(this.current);
    this.allOn.disabled = off.size === 0;
  }

  showPointed() {
    const k = this.current;
    if (this.merging >= 0) {
      this.pointed.textContent = `Click the region to merge with ${this.names[this.merging]}. Press Escape to cancel.`;
    } else if (k < 0) this.pointed.textContent = "Point at a region to read its weight; click to switch it off.";
    else {
      const gone = this.off.has(k) ? "; switched off" : "", area = `, ${percent(this.level.areas[k])} of the photograph${gone}`;
      const { x, y } = this.spot ?? this.spotOf(k), there = this.view === "difference" && signed(this.differenceAt(x, y));
      const own = signed(this.weights[k]), weight = there ? `${own} here, difference ${there} (${this.pair[2]})` : own;
      const name = nameIn(short(this.names[k], MOST_SHOWN));
      this.pointed.replaceChildren(this.cutOut(k), name, `: weight ${weight}${there ? "" : area}`);
    }
  }

  showBusy() {
    const busy = Boolean(this.get("busy"));
    this.root.classList.toggle("sx-computing", busy);
    this.stage.setAttribute("aria-busy", String(busy));
  }

  takeLimit(most, from) {
    const before = this.limit;
    if (most > 0) this.limits.set(from, most);
    else this.limits.delete(from);
    this.mirrored.hidden = !this.limits.size;
    if (this.limit !== before) this.showRegionsOnce();
  }

  // --- switching regions ----------------------------------------------------------------------------------------------
  setOff(regions) { this.commit("off", [...regions].flatMap((k) => this.level.leaves[k]).sort((a, b) => a - b)); }

  switchTo(k, on) {
    const { off } = this;
    if (!(k >= 0) || on !== off.has(k)) return;
    if (on) off.delete(k);
    else off.add(k);
    this.setOff(off);
  }

  toggle(k) {
    if (!(k >= 0)) return;
    if (this.merging >= 0) {
      this.merge(k);
      return;
    }
    const on = this.off.has(k);
    this.switchTo(k, on);
    if (this.mirror.checked) this.share("toggleAt", [this.spotOf(k), on]);
  }

  showOnly(k) { this.setOff(this.names.map((_, other) => other).filter((other) => other !== k)); }

  keepTop(count) {
    const top = new Set(this.weights.map((_, k) => k).sort((a, b) => this.weights[b] - this.weights[a]).slice(0, count));
    this.setOff(this.names.map((_, k) => k).filter((k) => !top.has(k)));
  }

  // --- changing regions -----------------------------------------------------------------------------------------------
  openMenu(k, anchor) {
    if (!(k >= 0)) return;
    openMenu(this.root, anchor, this.names[k], [
      ["Show only this", () => this.showOnly(k)],
      [this.off.has(k) ? "Switch on" : "Switch off", () => this.toggle(k)],
      ["Rename …", () => this.editName(k), !this.level.nodes],
      ...this.changes(k),
    ]);
  }

  // What makes other regions, which needs Python: [text, act, usable, hint].
  changes(k) {
    const { live } = this, name = this.names[k];
    return [
      ["Merge with …", () => this.startMerge(k), live && this.names.length > 2 && !this.level.nodes, "Make one of two regions"],
      ["Divide into parts", () => send(this.model, "divide", { region: name }), live && this.get("divisible").includes(name),
        "Show its parts instead"],
    ];
  }

  // Of a tree, the names belong to nodes and stay.
  editName(k) {
    if (!(k >= 0) || this.level.nodes) return;
    const nouns = [...new Set([...(this.get("nouns")?.[k] ?? []), ...this.table.classes])];
    const more = this.changes(k).filter(([, , usable]) => usable).map(([text, act, , hint]) => [text, act, hint]);
    editName(this.list.rowOf(k), { name: this.names[k], nouns, more }, (text) => this.rename(k, text));
  }

  rename(k, text) {
    if (this.names.includes(text)) this.pointed.textContent = `There is a region called ${short(text, MOST_SHOWN)} already.`;
    else this.commit("names", this.names.map((name, other) => (other === k ? text : name)));
  }

  startMerge(k) {
    this.merging = k;
    this.stage.focus();
    this.showPointed();
  }

  merge(k) {
    const first = this.merging;
    this.merging = -1;
    if (k >= 0 && k !== first) send(this.model, "merge", { regions: [this.names[first], this.names[k]] });
    this.showPointed();
  }

  notify(text) { this.pointed.textContent = text; }

  leave() {
    this.merging = -1;
    this.point(-1);
    this.showPointed();
  }

  // --- pointer and keys -----------------------------------------------------------------------------------------------
  setDisplay(key, value) {
    this.commit(key, value);
    this.share("display", [key, value]);
  }

  point(k) {
    if (k === this.current) return;
    this.current = k;
    this.paintAbove();
    this.markRows();
    this.showPointed();
  }

  placeOf(event) {
    const box = this.base.getBoundingClientRect();
    const x = (event.clientX - box.left) / box.width, y = (event.clientY - box.top) / box.height;
    return x >= 0 && y >= 0 && x < 1 && y < 1 ? { x, y } : null;
  }

  spotOf(k) {
    const [x, y] = this.level.anchors[k];
    return { x, y };
  }

  regionAt(spot) {
    const { width, height, labels } = this.level.scene;
    return spot ? labels[Math.floor(spot.y * height) * width + Math.floor(spot.x * width)] : -1;
  }

  clicked(spot) {
    this.toggle(this.regionAt(spot));
  }

  moveTo(spot) {
    this.pointAt(spot);
    this.share("cursor", spot);
  }

  pointAt(spot) {
    const k = this.regionAt(spot);
    this.spot = spot;
    if (k !== this.current) this.point(k);
    else if (k >= 0 && this.view === "difference") this.showPointed();
  }

  followCursor(spot) {
    this.cursor = spot;
    if (this.regionAt(spot) === this.current) this.paintAbove();
    this.pointAt(spot);
  }

  keyed(event) {
    if (event.target !== this.stage) return; // the menu has keys of its own
    const acts = {
      Enter: () => this.toggle(this.current), " ": () => this.toggle(this.current), Escape: () => this.leave(),
      m: () => this.openMenu(this.current, this.stage), ContextMenu: () => this.openMenu(this.current, this.stage),
      r: () => this.editName(this.current),
      "+": () => this.display.zoomBy(1.5), "=": () => this.display.zoomBy(1.5), "-": () => this.display.zoomBy(1 / 1.5),
    };
    this.spot = null;
    if (isArrow(event.key)) this.point(neighbourOf(this.level.anchors, this.current, event.key));
    else if (event.key in acts) acts[event.key]();
    else return;
    event.preventDefault();
    event.stopPropagation();
  }
}

export async function render({ model, el }) {
  const canvas = new Canvas(model, el, await loadScene(model));
  canvas.root.dataset.ready = "true";
  return () => {
    canvas.share("limit", 0);
    canvas.share("layer", null);
    canvas.listen.end();
  };
}

export default { render };
