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

const SHADES = 256; // of grey

const wordOf = (r, g, b) => ((255 << 24) | (b << 16) | (g << 8) | r) >>> 0; // one pixel, as a little-endian Uint32Array has it
const WHITE = wordOf(255, 255, 255), DARK = wordOf(30, 30, 30), LIT_WORD = wordOf(255, 212, 0);

// What paintBase reads of a picture: its pixels as words, and their lightness under weights. That is lightened, so that dark
// things do not darken the colour of the weight that lies over them.
export function pixelsOf({ data }) {
  const light = new Uint8Array(data.length / 4);
  for (let i = 0, p = 0; i < light.length; i++, p += 4) {
    light[i] = 128.5 + 0.1495 * data[p] + 0.2935 * data[p + 1] + 0.057 * data[p + 2]; // .5: what is stored is cut off
  }
  return { words: new Uint32Array(data.buffer, data.byteOffset, light.length), light };
}

// The words of every shade of grey under each region's colour: a picture has many more pixels than these.
function tintsOf(weights, settings) {
  const tints = new Uint32Array(weights.length * SHADES);
  coversOf(weights, settings).forEach((cover, k) => {
    const colour = weights[k] >= 0 ? BLUE : ORANGE;
    for (let light = 0; light < SHADES; light++) {
      tints[k * SHADES + light] = wordOf(...colour.map((c) => Math.round(light + cover * (c - light))));
    }
  });
  return tints;
}

// difference: of each pixel, see compare.js; on the scale of the weights.
export function paintDifference(pen, { photo, edge, image }, difference, { limit, threshold, opacity }) {
  const to = image.data;
  for (let i = 0, p = 0; i < difference.length; i++, p += 4) {
    const share = Math.min(1, Math.abs(difference[i]) / limit), cover = share < threshold ? 0 : opacity * share;
    const light = edge[i] === 2 ? 30 : photo.light[i], colour = difference[i] >= 0 ? BLUE : ORANGE;
    for (let c = 0; c < 3; c++) to[p + c] = light + (edge[i] === 2 ? 0 : cover) * (colour[c] - light);
  }
  pen.putImageData(image, 0, 0);
}

// view: "weights", "borders" or "photograph".
export function paintBase(pen, scene, weights, settings) {
  const { width, photo, filled, labels, edge, image } = scene, { off, view } = settings;
  const borders = view !== "photograph", to = new Uint32Array(image.data.buffer);
  const tints = view === "weights" ? tintsOf(weights, settings) : null, gone = Uint8Array.from(weights, (_, k) => off.has(k));
  for (let i = 0; i < labels.length; i++) {
    const k = labels[i];
    if (borders && edge[i]) {
      const dash = gone[k] && ((i % width) + Math.floor(i / width)) % 8 < 4;
      to[i] = edge[i] === 1 && !dash ? WHITE : DARK;
    } else {
      const from = gone[k] ? filled : photo;
      to[i] = tints ? tints[k * SHADES + from.light[i]] : from.words[i];
    }
  }
  pen.putImageData(image, 0, 0);
}

// The photograph as the classifier saw it, on a small canvas; the region `current` is outlined.
export function paintSmall(pen, { width, height, photo, filled, labels }, off, current) {
  const { canvas } = pen, image = pen.createImageData(canvas.width, canvas.height), to = new Uint32Array(image.data.buffer);
  const columns = Uint16Array.from({ length: canvas.width }, (_, x) => ((x + 0.5) * width) / canvas.width);
  const place = (x, y) => Math.floor(((y + 0.5) * height) / canvas.height) * width + columns[x];
  const belongs = (x, y) => x >= 0 && y >= 0 && x < canvas.width && y < canvas.height && labels[place(x, y)] === current;
  for (let y = 0, i = 0; y < canvas.height; y++) {
    for (let x = 0; x < canvas.width; x++, i++) {
      const at = place(x, y), k = labels[at];
      to[i] = (off.has(k) ? filled : photo).words[at];
      if (k === current && !(belongs(x - 2, y) && belongs(x + 2, y) && belongs(x, y - 2) && belongs(x, y + 2))) to[i] = LIT_WORD;
    }
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
