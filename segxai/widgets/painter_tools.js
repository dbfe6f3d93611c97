// Work on maps of class ids, { width, height, ids }. Nothing here knows the page or Python.

const UNPAINTED = 255;
// Okabe and Ito's colours, which the colour-blind can tell apart; every class has a pattern and a number besides.
const COLOURS = [[128, 128, 128], [230, 159, 0], [86, 180, 233], [0, 158, 115], [240, 228, 66], [0, 114, 178], [213, 94, 0], [204, 121, 167]];
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

const colourOfClass = (id) => COLOURS[id % COLOURS.length];
// Where the colours repeat, the patterns are shifted: 64 classes look different.
const patternOfClass = (id) => PATTERNS[(id + Math.floor(id / COLOURS.length)) % PATTERNS.length];

// Draws the part `box` = [x0, y0, x1, y1] (inclusive) of the map; what is not painted stays transparent.
function drawMap(pen, map, box) {
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

const patternPeriod = (map) => Math.max(6, Math.round(Math.max(map.width, map.height) / 48));
const wholeBox = (map) => [0, 0, map.width - 1, map.height - 1];
const joinBoxes = (a, b) => (!a ? b : !b ? a : [Math.min(a[0], b[0]), Math.min(a[1], b[1]), Math.max(a[2], b[2]), Math.max(a[3], b[3])]);

function clipBox(map, x0, y0, x1, y1) {
  const box = [Math.max(0, Math.floor(x0)), Math.max(0, Math.floor(y0)), Math.min(map.width - 1, Math.ceil(x1)), Math.min(map.height - 1, Math.ceil(y1))];
  return box[0] > box[2] || box[1] > box[3] ? null : box;
}

// All pixels whose centre is within size / 2 of the line from a to b take the id. Returns the box that was touched.
function paintLine(map, a, b, size, id) {
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
function paintPolygon(map, corners, id) {
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
function floodFill(map, { x, y }, id) {
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
      for (let k = left + other; k <= right + other; k++) if (ids[k] === from && (k === left + other || ids[k - 1] !== from)) stack.push(k);
    }
  }
  return box;
}

function cutOut({ width }, ids, [x0, y0, x1, y1]) {
  const wide = x1 - x0 + 1, part = new Uint8Array(wide * (y1 - y0 + 1));
  for (let y = y0; y <= y1; y++) part.set(ids.subarray(y * width + x0, y * width + x1 + 1), (y - y0) * wide);
  return part;
}

function putBack({ width, ids }, part, [x0, y0, x1, y1]) {
  const wide = x1 - x0 + 1;
  for (let y = y0; y <= y1; y++) ids.set(part.subarray((y - y0) * wide, (y - y0 + 1) * wide), y * width + x0);
}

const sameBytes = (a, b) => a.length === b.length && a.every((value, i) => value === b[i]);

// Steps to take back and to do again; the oldest are forgotten when they take too much memory.
function makeHistory(mostBytes = 48e6) {
  const done = [], undone = [];
  const weight = (step) => step.before.length + step.after.length;
  return {
    add(step) {
      done.push(step);
      undone.length = 0;
      let bytes = done.reduce((sum, each) => sum + weight(each), 0);
      while (done.length > 1 && bytes > mostBytes) bytes -= weight(done.shift());
    },
    move(back) {
      const [from, to] = back ? [done, undone] : [undone, done];
      const step = from.pop();
      if (step) to.push(step);
      return step;
    },
    clear() { done.length = undone.length = 0; },
    get canUndo() { return done.length > 0; },
    get canRedo() { return undone.length > 0; },
  };
}

// --- PNG, exact: a canvas cannot write palettes, and some browsers add noise to what is read from a canvas ------------
const CRC_TABLE = Uint32Array.from({ length: 256 }, (_, n) => {
  for (let k = 0; k < 8; k++) n = n & 1 ? (n >>> 1) ^ 0xedb88320 : n >>> 1;
  return n;
});

function pngChunk(kind, data) {
  const chunk = new Uint8Array(data.length + 12), view = new DataView(chunk.buffer);
  view.setUint32(0, data.length);
  chunk.set(new TextEncoder().encode(kind), 4);
  chunk.set(data, 8);
  let crc = 0xffffffff;
  for (let i = 4; i < data.length + 8; i++) crc = (crc >>> 8) ^ CRC_TABLE[(crc ^ chunk[i]) & 255];
  view.setUint32(data.length + 8, (crc ^ 0xffffffff) >>> 0);
  return chunk;
}

// The map as the bytes of a PNG whose values are the class ids: grey, or with the classes' colours as its palette.
async function encodePng({ width, height, ids }, withPalette = false) {
  const rows = new Uint8Array((width + 1) * height); // each row begins with its filter: 0, none
  for (let y = 0; y < height; y++) rows.set(ids.subarray(y * width, (y + 1) * width), y * (width + 1) + 1);
  const packed = await new Response(new Blob([rows]).stream().pipeThrough(new CompressionStream("deflate"))).arrayBuffer();
  const header = new Uint8Array(13), view = new DataView(header.buffer);
  view.setUint32(0, width);
  view.setUint32(4, height);
  header.set([8, withPalette ? 3 : 0], 8);
  const palette = new Uint8Array(768);
  for (let id = 0; id < 255; id++) palette.set(colourOfClass(id), 3 * id);
  const parts = [Uint8Array.of(137, 80, 78, 71, 13, 10, 26, 10), pngChunk("IHDR", header)];
  if (withPalette) parts.push(pngChunk("PLTE", palette));
  parts.push(pngChunk("IDAT", new Uint8Array(packed)), pngChunk("IEND", new Uint8Array(0)));
  return new Uint8Array(await new Blob(parts).arrayBuffer());
}
