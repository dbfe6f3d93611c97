// The canvas's pixels. Under weights the photograph is grey, so that no colour of its own is taken for a weight, and the tint
// is proportional to the weight: none at zero, blue where a region supports the class, orange where it opposes it.

import { writeOn } from "../shared/canvas_text.js";
import { signed } from "../shared/numbers.js";
import { BLUE, INK, LIT, ORANGE } from "../shared/palette.js";

const MOST_NUMBERS = 14; // regions whose weight is also written on the photograph
const LIT_RGBA = [255, 212, 0, 255];
const LIT_WIDTH = 3;

// What covers each region: 0 no tint, 1 the pure colour. Regions that are off or weaker than the threshold have none.
export function coversOf(weights, { off, limit, threshold, opacity }) {
  return weights.map((weight, k) => {
    const share = Math.min(1, Math.abs(weight) / limit);
    return off.has(k) || share < threshold ? 0 : opacity * share;
  });
}

// Lightened, so that dark things do not darken the colour of the weight that lies over them.
const lightAt = (from, p) => 128 + 0.1495 * from[p] + 0.2935 * from[p + 1] + 0.057 * from[p + 2];

// difference: of each pixel, see compare.js; on the scale of the weights.
export function paintDifference(pen, { photo, edge, image }, difference, { limit, threshold, opacity }) {
  const to = image.data;
  for (let i = 0, p = 0; i < difference.length; i++, p += 4) {
    const share = Math.min(1, Math.abs(difference[i]) / limit), cover = share < threshold ? 0 : opacity * share;
    const light = edge[i] === 2 ? 30 : lightAt(photo, p), colour = difference[i] >= 0 ? BLUE : ORANGE;
    for (let c = 0; c < 3; c++) to[p + c] = light + (edge[i] === 2 ? 0 : cover) * (colour[c] - light);
  }
  pen.putImageData(image, 0, 0);
}

// view: "weights", "borders" or "photograph".
export function paintBase(pen, scene, weights, settings) {
  const { width, photo, filled, labels, edge, image } = scene, { off, view } = settings, to = image.data;
  const grey = view === "weights", borders = view !== "photograph";
  const covers = grey ? coversOf(weights, settings) : weights.map(() => 0);
  for (let i = 0, p = 0; i < labels.length; i++, p += 4) {
    const k = labels[i], gone = off.has(k);
    if (borders && edge[i]) {
      const dash = gone && ((i % width) + Math.floor(i / width)) % 8 < 4;
      to[p] = to[p + 1] = to[p + 2] = edge[i] === 1 && !dash ? 255 : 30;
      continue;
    }
    const from = gone ? filled : photo;
    if (!grey) {
      for (let c = 0; c < 3; c++) to[p + c] = from[p + c];
      continue;
    }
    const light = lightAt(from, p), cover = covers[k];
    const colour = weights[k] >= 0 ? BLUE : ORANGE;
    for (let c = 0; c < 3; c++) to[p + c] = light + cover * (colour[c] - light);
  }
  pen.putImageData(image, 0, 0);
}

export function paintAbove(pen, scene, weights, { current, cursor, anchors, ...settings }) {
  pen.clearRect(0, 0, scene.width, scene.height);
  if (current >= 0 && scene.boxes[current]) paintOutline(pen, scene, current);
  if (settings.view === "weights") writeWeights(pen, scene, weights, anchors, settings);
  if (settings.view === "difference") writeWeights(pen, scene, settings.differences, anchors, { ...settings, off: new Set() });
  if (cursor) paintCursor(pen, cursor.x * scene.width, cursor.y * scene.height);
}

function paintOutline(pen, { width, height, labels, boxes }, k) {
  const [x0, y0, x1, y1] = boxes[k], patch = pen.createImageData(x1 - x0 + 1, y1 - y0 + 1), far = LIT_WIDTH;
  const inside = (x, y) => x >= 0 && y >= 0 && x < width && y < height && labels[y * width + x] === k;
  for (let y = y0; y <= y1; y++) {
    for (let x = x0; x <= x1; x++) {
      if (!inside(x, y) || (inside(x - far, y) && inside(x + far, y) && inside(x, y - far) && inside(x, y + far))) continue;
      patch.data.set(LIT_RGBA, 4 * ((y - y0) * patch.width + x - x0));
    }
  }
  pen.putImageData(patch, x0, y0);
}

function writeWeights(pen, { width, height }, weights, anchors, { off, limit, threshold, textSize }) {
  const write = writeOn(pen, `600 ${textSize}px`);
  const strongest = weights.map((_, k) => k).sort((a, b) => Math.abs(weights[b]) - Math.abs(weights[a])).slice(0, MOST_NUMBERS);
  for (const k of strongest) {
    if (Math.abs(weights[k]) < threshold * limit || !anchors[k]) continue;
    write(off.has(k) ? "off" : signed(weights[k], 2), anchors[k][0] * width, anchors[k][1] * height);
  }
}

function paintCursor(pen, x, y) {
  pen.lineWidth = 2;
  for (const [colour, radius] of [[INK, 9], [LIT, 7]]) {
    pen.strokeStyle = colour;
    pen.beginPath();
    pen.arc(x, y, radius, 0, 2 * Math.PI);
    pen.stroke();
  }
}
