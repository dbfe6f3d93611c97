// The pictures of a canvas, decoded: whose pixel is whose, where borders run, and a buffer to paint in.

import { arrayOf, decode, numbersOf } from "../shared/pictures.js";

export const tableOf = (model) => {
  const values = arrayOf(Float32Array, model.get("values"));
  return values.length ? values : null;
};

export async function loadScene(model) {
  const [photo, filled, map] = await Promise.all(["photo", "filled", "labels"].map((key) => decode(model.get(key))));
  const { width, height } = map, labels = numbersOf(map), image = new ImageData(width, height);
  for (let p = 3; p < image.data.length; p += 4) image.data[p] = 255;
  return {
    width, height, labels, image, ...bordersOf(labels, width, height), count: model.get("weights").length,
    photo: photo.data, filled: filled.data, values: tableOf(model),
  };
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
