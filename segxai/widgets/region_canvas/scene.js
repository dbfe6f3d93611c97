// The pictures of a canvas, decoded: whose pixel is whose, where borders run, and a buffer to paint in.

import { decode, numbersOf } from "../shared/pictures.js";
import { pixelsOf } from "./paint.js";

const decoded = new WeakMap(); // by bytes, so that a change of one picture decodes only that one

function decodedOnce(bytes) {
  if (!decoded.has(bytes)) decoded.set(bytes, decode(bytes));
  return decoded.get(bytes);
}

// before: the scene so far, which stays where its pictures do.
export async function loadScene(model, before = null) {
  const sources = ["photo", "filled", "labels"].map((key) => model.get(key));
  if (before && sources.every((bytes, i) => bytes === before.sources[i])) return before;
  const [photo, filled, map] = await Promise.all(sources.map(decodedOnce));
  const { width, height } = map, labels = numbersOf(map), image = new ImageData(width, height);
  for (let p = 3; p < image.data.length; p += 4) image.data[p] = 255;
  const borders = bordersOf(labels, width, height);
  return { width, height, labels, image, ...borders, photo: pixelsOf(photo), filled: pixelsOf(filled), sources };
}

// edge: 1 for the last pixel of a region, 2 for the first of the next, so that a border is dark beside light.
// boxes: [x0, y0, x1, y1] of each region, inclusive.
export function bordersOf(labels, width, height) {
  const edge = new Uint8Array(labels.length), boxes = [];
  for (let y = 0, i = 0; y < height; y++) {
    for (let x = 0; x < width; x++, i++) {
      const k = labels[i], box = (boxes[k] ||= [x, y, x, y]);
      if (x < box[0]) box[0] = x;
      if (x > box[2]) box[2] = x;
      box[3] = y;
      if ((x + 1 < width && labels[i + 1] !== k) || (y + 1 < height && labels[i + width] !== k)) edge[i] = 1;
      else if ((x > 0 && labels[i - 1] !== k) || (y > 0 && labels[i - width] !== k)) edge[i] = 2;
    }
  }
  return { edge, boxes };
}
