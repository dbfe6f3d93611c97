// The maps of one iteration, painted over the photograph.

import { writeOn } from "../shared/canvas_text.js";
import { colourOf, IGNORED_SHADE, SHADES } from "../shared/palette.js";

const IGNORED = 255;

// labels: class ids; spots: [x, y] as shares for each class, where its number fits.
export function paintClasses(canvas, photo, labels, spots, alpha) {
  const { width, height } = photo, pen = canvas.getContext("2d"), image = pen.createImageData(width, height);
  const from = photo.data, to = image.data;
  for (let i = 0, p = 0; i < labels.length; i++, p += 4) {
    const k = labels[i], edge = (i % width && labels[i - 1] !== k) || (i >= width && labels[i - width] !== k);
    const next = ((i + 1) % width && labels[i + 1] !== k) || (i + width < labels.length && labels[i + width] !== k);
    const shade = k === IGNORED ? IGNORED_SHADE : SHADES[k % SHADES.length];
    for (let c = 0; c < 3; c++) to[p + c] = edge ? 255 : next ? 30 : from[p + c] * (1 - alpha) + shade[c] * alpha;
    to[p + 3] = 255;
  }
  pen.putImageData(image, 0, 0);
  const write = writeOn(pen, "700 15px");
  spots.forEach((spot, k) => { if (spot) write(String(k), spot[0] * width, spot[1] * height); });
}

export function paintProbability(canvas, photo, planes, k, alpha) {
  const { width, height } = photo, pen = canvas.getContext("2d"), image = pen.createImageData(width, height);
  const from = photo.data, to = image.data, plane = planes.of[k];
  const colours = Array.from({ length: 256 }, (_, v) => colourOf((2 * v) / 255 - 1));
  for (let y = 0, p = 0; y < height; y++) {
    const row = Math.floor(((y + 0.5) * planes.height) / height) * planes.width;
    for (let x = 0; x < width; x++, p += 4) {
      const colour = colours[plane[row + Math.floor(((x + 0.5) * planes.width) / width)]];
      const grey = 128 + (0.299 * from[p] + 0.587 * from[p + 1] + 0.114 * from[p + 2]) / 2; // lightened, as in the static figures
      for (let c = 0; c < 3; c++) to[p + c] = grey * (1 - alpha) + colour[c] * alpha;
      to[p + 3] = 255;
    }
  }
  pen.putImageData(image, 0, 0);
}
