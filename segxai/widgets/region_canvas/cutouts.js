// Cut-outs of regions: small pictures of what a name means, transparent around the region. Each is made once.

import { make } from "../shared/elements.js";

export const SIDE = 48; // pixels
const SAMPLES = 3; // across each of them

// The region k as SIDE x SIDE pixels, from the photograph's words (paint.js), the label of each pixel and the region's box.
export function cutOut({ width, labels, boxes, photo }, k, side = SIDE) {
  const data = new Uint8ClampedArray(4 * side * side), box = boxes[k];
  if (!box) return data; // a region of a few pixels that is lost in the smaller copy
  const [x0, y0, x1, y1] = box, step = Math.max(x1 - x0 + 1, y1 - y0 + 1) / side;
  const left = (x0 + x1 + 1 - side * step) / 2, top = (y0 + y1 + 1 - side * step) / 2;
  for (let y = 0, p = 0; y < side; y++) {
    for (let x = 0; x < side; x++, p += 4) {
      let red = 0, green = 0, blue = 0, inside = 0;
      for (let j = 0; j < SAMPLES; j++) {
        const row = Math.floor(top + (y + (j + 0.5) / SAMPLES) * step);
        for (let i = 0; i < SAMPLES; i++) {
          const column = Math.floor(left + (x + (i + 0.5) / SAMPLES) * step), at = row * width + column;
          if (row < y0 || row > y1 || column < x0 || column > x1 || labels[at] !== k) continue;
          const word = photo.words[at];
          red += word & 255;
          green += (word >> 8) & 255;
          blue += (word >> 16) & 255;
          inside++;
        }
      }
      if (inside) data.set([red / inside, green / inside, blue / inside, (255 * inside) / SAMPLES ** 2], p);
    }
  }
  return data;
}

// (level, k, name) gives an element with the cut-out of a level's region; the name is its alternative text. The pixels are kept
// as long as the photograph and the regions stay, for every union of regions that was shown.
export function makeCutOuts() {
  let kept = new Map(), of = [];
  return (level, k, name) => {
    const [photo, , labels] = level.scene.sources, key = level.leaves[k].join();
    if (photo !== of[0] || labels !== of[1]) [kept, of] = [new Map(), [photo, labels]];
    if (!kept.has(key)) kept.set(key, new ImageData(cutOut(level.scene, k), SIDE, SIDE));
    const picture = make("canvas", { class: "sx-cutout", width: SIDE, height: SIDE, role: "img", "aria-label": name });
    picture.getContext("2d").putImageData(kept.get(key), 0, 0);
    return picture;
  };
}
