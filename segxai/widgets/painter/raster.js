// Work on maps of class ids, { width, height, ids }. Nothing here knows the page or Python.

export const UNPAINTED = 255;

export const wholeBox = (map) => [0, 0, map.width - 1, map.height - 1];

// Boxes are [x0, y0, x1, y1], inclusive; null is the empty one.
export function joinBoxes(a, b) {
  if (!a || !b) return a || b;
  return [Math.min(a[0], b[0]), Math.min(a[1], b[1]), Math.max(a[2], b[2]), Math.max(a[3], b[3])];
}

export function clipBox(map, x0, y0, x1, y1) {
  const [left, top] = [x0, y0].map((value) => Math.max(0, Math.floor(value)));
  const box = [left, top, Math.min(map.width - 1, Math.ceil(x1)), Math.min(map.height - 1, Math.ceil(y1))];
  return box[0] > box[2] || box[1] > box[3] ? null : box;
}

// All pixels whose centre is within size / 2 of the line from a to b take the id. Returns the box that was touched.
export function paintLine(map, a, b, size, id) {
  const r = size / 2, dx = b.x - a.x, dy = b.y - a.y, length = dx * dx + dy * dy;
  const box = clipBox(map, Math.min(a.x, b.x) - r, Math.min(a.y, b.y) - r, Math.max(a.x, b.x) + r, Math.max(a.y, b.y) + r);
  if (!box) return null;
  for (let y = box[1]; y <= box[3]; y++) {
    for (let x = box[0]; x <= box[2]; x++) {
      const t = length ? Math.max(0, Math.min(1, ((x - a.x) * dx + (y - a.y) * dy) / length)) : 0;
      const ex = x - a.x - t * dx, ey = y - a.y - t * dy;
      if (ex * ex + ey * ey <= r * r + 1e-9) map.ids[y * map.width + x] = id;
    }
  }
  return box;
}

// The inside of a polygon by the even-odd rule, with its outline, so that thin polygons do not vanish.
export function paintPolygon(map, corners, id) {
  const xs = corners.map((c) => c.x), ys = corners.map((c) => c.y);
  const box = clipBox(map, Math.min(...xs), Math.min(...ys), Math.max(...xs), Math.max(...ys));
  if (!box) return null;
  for (let y = box[1]; y <= box[3]; y++) {
    const cuts = [];
    corners.forEach((a, k) => {
      const b = corners[(k + 1) % corners.length];
      if ((a.y <= y) !== (b.y <= y)) cuts.push(a.x + ((y - a.y) * (b.x - a.x)) / (b.y - a.y));
    });
    cuts.sort((a, b) => a - b);
    for (let k = 0; k + 1 < cuts.length; k += 2) {
      const from = Math.max(box[0], Math.ceil(cuts[k])), to = Math.min(box[2], Math.floor(cuts[k + 1]));
      if (from <= to) map.ids.fill(id, y * map.width + from, y * map.width + to + 1);
    }
  }
  return corners.reduce((all, a, k) => joinBoxes(all, paintLine(map, a, corners[(k + 1) % corners.length], 1, id)), box);
}

// The connected area of one class around a pixel takes the id. Corners that only touch are a border, so thin outlines hold.
export function floodFill(map, { x, y }, id) {
  const { width, height, ids } = map, from = ids[y * width + x];
  if (from === id) return null;
  const stack = [y * width + x];
  let box = [x, y, x, y];
  while (stack.length) {
    const i = stack.pop(), row = Math.floor(i / width) * width, line = row / width;
    if (ids[i] !== from) continue;
    let left = i, right = i;
    while (left > row && ids[left - 1] === from) left--;
    while (right < row + width - 1 && ids[right + 1] === from) right++;
    ids.fill(id, left, right + 1);
    box = joinBoxes(box, [left - row, line, right - row, line]);
    for (const other of [line > 0 ? -width : 0, line < height - 1 ? width : 0]) {
      if (!other) continue;
      for (let k = left + other; k <= right + other; k++) { // one pixel of each run is enough
        if (ids[k] === from && (k === left + other || ids[k - 1] !== from)) stack.push(k);
      }
    }
  }
  return box;
}

export function cutOut({ width }, ids, [x0, y0, x1, y1]) {
  const wide = x1 - x0 + 1, part = new Uint8Array(wide * (y1 - y0 + 1));
  for (let y = y0; y <= y1; y++) part.set(ids.subarray(y * width + x0, y * width + x1 + 1), (y - y0) * wide);
  return part;
}

export function putBack({ width, ids }, part, [x0, y0, x1, y1]) {
  const wide = x1 - x0 + 1;
  for (let y = y0; y <= y1; y++) ids.set(part.subarray((y - y0) * wide, (y - y0 + 1) * wide), y * width + x0);
}

export const sameBytes = (a, b) => a.length === b.length && a.every((value, i) => value === b[i]);
