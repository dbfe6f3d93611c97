// The map of classes as colours with patterns: every class differs from the others without colour, too.

import { CLASS_COLOURS, colourOfClass } from "../shared/palette.js";
import { UNPAINTED } from "./raster.js";

const patternPeriod = (map) => Math.max(6, Math.round(Math.max(map.width, map.height) / 48));

const PATTERNS = [
  () => false,
  (x, y, p) => (x + y) % p < p / 4,
  (x, y, p) => (x + p * 512 - y) % p < p / 4,
  (x, y, p) => (x % p - p / 2) ** 2 + (y % p - p / 2) ** 2 < (p / 4) ** 2,
  (x, y, p) => y % p < p / 4,
  (x, y, p) => x % p < p / 4,
  (x, y, p) => x % p < p / 5 || y % p < p / 5,
  (x, y, p) => (x % p < p / 2) !== (y % p < p / 2),
];

// Where the colours repeat, the patterns are shifted: 64 classes look different.
const patternOfClass = (id) => PATTERNS[(id + Math.floor(id / CLASS_COLOURS.length)) % PATTERNS.length];

// Draws the part `box` = [x0, y0, x1, y1] (inclusive) of the map; what is not painted stays transparent.
export function drawMap(pen, map, box) {
  const [x0, y0, x1, y1] = box, wide = x1 - x0 + 1, patch = new ImageData(wide, y1 - y0 + 1);
  const period = patternPeriod(map);
  for (let y = y0, p = 0; y <= y1; y++) {
    for (let x = x0, i = y * map.width + x0; x <= x1; x++, i++, p += 4) {
      const id = map.ids[i];
      if (id === UNPAINTED) continue;
      const base = colourOfClass(id), tone = patternOfClass(id)(x, y, period) ? 0.45 : 1;
      patch.data[p] = tone * base[0];
      patch.data[p + 1] = tone * base[1];
      patch.data[p + 2] = tone * base[2];
      patch.data[p + 3] = 255;
    }
  }
  pen.putImageData(patch, x0, y0);
}
