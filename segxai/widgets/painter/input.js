// From pointers (mouse, pen, touch) and keys to what the painter does.

import { TOOLS } from "./controls.js";
import { paintLine } from "./raster.js";

// Returns a function that ends a stroke's hold on its pointer, which may still be down.
export function listenToPointers(painter) {
  const { listen, paper, stage } = painter;
  const fingers = new Map(); // touches that are down, for moving the picture with two of them
  let active = null, last = null, ink = 0;

  const moveTo = (place) => {
    painter.spot = place;
    painter.drawAbove();
  };

  function placeOf(event) {
    const box = paper.getBoundingClientRect(), { width, height } = painter.map;
    return {
      x: Math.floor(((event.clientX - box.left) / box.width) * width),
      y: Math.floor(((event.clientY - box.top) / box.height) * height),
    };
  }
  const inside = ({ x, y }) => x >= 0 && y >= 0 && x < painter.map.width && y < painter.map.height;
  const middle = () => {
    const all = [...fingers.values()];
    return { x: all.reduce((sum, f) => sum + f.x, 0) / all.length, y: all.reduce((sum, f) => sum + f.y, 0) / all.length };
  };

  function down(event) {
    if (event.pointerType === "touch") fingers.set(event.pointerId, { x: event.clientX, y: event.clientY });
    if (fingers.size === 2) { // the second finger: they move the picture, and what the first began is taken back
      painter.giveUp();
      return;
    }
    const place = placeOf(event);
    if ((event.button > 0 && event.button !== 5) || active !== null || fingers.size > 1 || !inside(place)) return;
    event.preventDefault();
    stage.focus({ preventScroll: true });
    const { tool } = painter;
    moveTo(place);
    if (tool === "fill") painter.fillAt(place);
    else if (tool === "polygon") painter.addCorner(place);
    else {
      paper.setPointerCapture(event.pointerId);
      ink = painter.inkOf(tool === "erase" || event.button === 5); // 5 is the eraser end of a pen
      painter.start(ink); // which ends any other stroke
      active = event.pointerId;
      painter.touch(paintLine(painter.map, place, place, painter.brush, ink));
      last = place;
    }
  }

  function move(event) {
    const finger = fingers.get(event.pointerId);
    if (finger && fingers.size > 1) {
      const before = middle();
      Object.assign(finger, { x: event.clientX, y: event.clientY });
      const after = middle();
      stage.scrollBy(before.x - after.x, before.y - after.y);
      return;
    }
    if (event.pointerId === active) {
      const between = event.getCoalescedEvents?.() ?? [];
      for (const each of between.length ? between : [event]) {
        const place = placeOf(each);
        painter.touch(paintLine(painter.map, last, place, painter.brush, ink));
        last = place;
      }
    }
    const place = placeOf(event);
    moveTo(inside(place) ? place : null);
  }

  function up(event) {
    fingers.delete(event.pointerId);
    if (event.pointerId === active) painter.finish();
  }

  listen.on(paper, "pointerdown", down);
  listen.on(paper, "pointermove", move);
  listen.on(paper, "pointerup", up);
  listen.on(paper, "pointercancel", up);
  listen.on(paper, "pointerleave", () => { if (active === null) moveTo(null); });
  listen.on(paper, "dblclick", () => { if (painter.tool === "polygon") painter.closePolygon(); });
  return () => { active = null; };
}

const clamp = (value, size) => Math.max(0, Math.min(size - 1, value));

export function listenToKeys(painter) {
  const { listen, root, stage } = painter;
  const arrows = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] };
  const shortcuts = {
    "+": () => painter.zoomBy(1.5), "=": () => painter.zoomBy(1.5), "-": () => painter.zoomBy(1 / 1.5),
    "[": () => painter.sizeBy(0.8), "]": () => painter.sizeBy(1.25), r: () => painter.paintRest(),
    ...Object.fromEntries(Object.entries(TOOLS).map(([tool, [, key]]) => [key, () => painter.choose("tool", tool)])),
  };

  function onStage(event) {
    const { width, height } = painter.map, at = painter.spot ?? { x: width >> 1, y: height >> 1 };
    if (event.key in arrows) {
      const far = event.shiftKey ? 1 : 8, [dx, dy] = arrows[event.key];
      painter.moveByKeys({ x: clamp(at.x + far * dx, width), y: clamp(at.y + far * dy, height) });
      follow();
    } else if (event.key === " " || event.key === "Enter") {
      const { tool } = painter, brush = tool === "brush" || tool === "erase";
      if (!painter.spot) painter.moveByKeys(at);
      if (brush && event.key === "Enter") painter.put(!painter.penDown);
      else if (brush && !painter.penDown) { painter.put(true); painter.put(false); }
      else if (tool === "fill") painter.fillAt(painter.spot);
      else if (tool === "polygon" && event.key === "Enter") painter.closePolygon();
      else if (tool === "polygon") painter.addCorner(painter.spot);
    } else if (event.key === "Backspace") {
      painter.corners.pop();
      painter.showState();
    }
    else if (event.key === "Escape") painter.escape();
    else return false;
    return true;
  }

  function follow() { // keep the cursor in sight
    const { x, y } = painter.spot, { width, height } = painter.map, paper = stage.firstElementChild;
    const left = (x / width) * paper.clientWidth, top = (y / height) * paper.clientHeight, margin = 24;
    stage.scrollLeft = Math.min(Math.max(stage.scrollLeft, left + margin - stage.clientWidth), left - margin);
    stage.scrollTop = Math.min(Math.max(stage.scrollTop, top + margin - stage.clientHeight), top - margin);
  }

  listen.on(root, "keydown", (event) => {
    if (event.target.matches("input[type=text], input[type=range]") || event.altKey) return;
    let used = false;
    if (event.ctrlKey || event.metaKey) {
      const key = event.key.toLowerCase();
      used = key === "z" || key === "y";
      if (used) painter.travel(key === "z" && !event.shiftKey);
    } else if (event.target === stage && onStage(event)) used = true;
    else if (/^[0-9]$/.test(event.key)) {
      used = true;
      if (Number(event.key) < painter.names.length) painter.choose("current", Number(event.key));
    } else if (event.key in shortcuts) {
      used = true;
      shortcuts[event.key]();
    }
    if (used) { event.preventDefault(); event.stopPropagation(); }
  });
  listen.on(stage, "blur", () => { if (painter.penDown) painter.put(false); });
}
