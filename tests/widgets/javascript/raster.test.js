import assert from "node:assert/strict";
import { test } from "node:test";
import {
  clipBox, cutOut, floodFill, joinBoxes, paintLine, paintPolygon, putBack, sameBytes, UNPAINTED, wholeBox,
} from "../../../segxai/widgets/painter/raster.js";

// A map drawn as text: "." is not painted, digits are class ids.
function mapOf(...rows) {
  const ids = Uint8Array.from(rows.join(""), (c) => (c === "." ? UNPAINTED : Number(c)));
  return { width: rows[0].length, height: rows.length, ids };
}
const drawn = ({ width, height, ids }) => Array.from({ length: height }, (_, y) =>
  [...ids.subarray(y * width, (y + 1) * width)].map((id) => (id === UNPAINTED ? "." : id)).join(""));

// The connected area, pixel by pixel, as the definition has it.
function slowFill(map, start, id) {
  const { width, height, ids } = map, from = ids[start.y * width + start.x], seen = new Set(), queue = [[start.x, start.y]];
  if (from === id) return;
  while (queue.length) {
    const [x, y] = queue.pop(), i = y * width + x;
    if (x < 0 || y < 0 || x >= width || y >= height || seen.has(i) || ids[i] !== from) continue;
    seen.add(i);
    queue.push([x + 1, y], [x - 1, y], [x, y + 1], [x, y - 1]);
  }
  for (const i of seen) ids[i] = id;
}

// Reproducible numbers in 0..1 (a linear congruential generator).
function numbers(seed) {
  let state = seed;
  return () => (state = (state * 1664525 + 1013904223) % 2 ** 32) / 2 ** 32;
}

test("fill takes one connected area, and corners that touch are a border", () => {
  const map = mapOf("1..2", ".12.", "1..2");
  assert.deepEqual(floodFill(map, { x: 1, y: 0 }, 3), [1, 0, 2, 0]);
  assert.deepEqual(drawn(map), ["1332", ".12.", "1..2"]);
  assert.equal(floodFill(map, { x: 1, y: 0 }, 3), null);
});

test("fill agrees with the definition on random maps", () => {
  const next = numbers(1);
  for (let n = 0; n < 60; n++) {
    const width = 1 + Math.floor(20 * next()), height = 1 + Math.floor(20 * next());
    const ids = Uint8Array.from({ length: width * height }, () => (next() < 0.6 ? 0 : 1));
    const fast = { width, height, ids }, slow = { width, height, ids: ids.slice() };
    const start = { x: Math.floor(width * next()), y: Math.floor(height * next()) };
    const before = ids.slice(), box = floodFill(fast, start, 2);
    slowFill(slow, start, 2);
    assert.deepEqual(fast.ids, slow.ids);
    before.forEach((id, i) => {
      if (id === fast.ids[i]) return;
      const x = i % width, y = Math.floor(i / width);
      assert.ok(x >= box[0] && x <= box[2] && y >= box[1] && y <= box[3]);
    });
  }
});

test("a line takes the pixels within half its width, and nothing outside the map", () => {
  const map = mapOf(".....", ".....", ".....");
  assert.deepEqual(paintLine(map, { x: 1, y: 1 }, { x: 3, y: 1 }, 1, 0), [0, 0, 4, 2]);
  assert.deepEqual(drawn(map), [".....", ".000.", "....."]);
  const thick = mapOf(".....", ".....", ".....");
  paintLine(thick, { x: 2, y: 1 }, { x: 2, y: 1 }, 2, 4);
  assert.deepEqual(drawn(thick), ["..4..", ".444.", "..4.."]);
  assert.equal(paintLine(map, { x: -9, y: 1 }, { x: -7, y: 1 }, 2, 0), null);
});

test("a polygon takes its inside by the even-odd rule, and its outline", () => {
  const map = mapOf(".......", ".......", ".......", ".......", ".......");
  const box = paintPolygon(map, [{ x: 1, y: 1 }, { x: 5, y: 1 }, { x: 5, y: 3 }, { x: 1, y: 3 }], 7);
  assert.deepEqual(drawn(map), [".......", ".77777.", ".77777.", ".77777.", "......."]);
  assert.ok(box[0] <= 1 && box[1] <= 1 && box[2] >= 5 && box[3] >= 3);
  const thin = mapOf(".....", ".....", ".....");
  paintPolygon(thin, [{ x: 0, y: 1 }, { x: 4, y: 1 }, { x: 2, y: 1 }], 1);
  assert.deepEqual(drawn(thin), [".....", "11111", "....."]); // it has no inside, and does not vanish
});

test("a polygon's inside is the even-odd rule's, pixel by pixel", () => {
  const next = numbers(5);
  for (let n = 0; n < 40; n++) {
    const size = 24, corners = Array.from({ length: 3 + Math.floor(4 * next()) }, () => (
      { x: Math.floor(size * next()), y: Math.floor(size * next()) }));
    const map = { width: size, height: size, ids: new Uint8Array(size * size).fill(UNPAINTED) };
    paintPolygon(map, corners, 1);
    for (let y = 0; y < size; y++) {
      for (let x = 0; x < size; x++) {
        const crossings = corners.filter((a, k) => {
          const b = corners[(k + 1) % corners.length];
          return (a.y <= y) !== (b.y <= y) && a.x + ((y - a.y) * (b.x - a.x)) / (b.y - a.y) > x + 1e-9;
        }).length;
        if (crossings % 2) assert.equal(map.ids[y * size + x], 1);
      }
    }
  }
});

test("what is cut out can be put back", () => {
  const map = mapOf("0123", "4567"), box = [1, 0, 2, 1], part = cutOut(map, map.ids, box);
  assert.deepEqual([...part], [1, 2, 5, 6]);
  const other = mapOf("....", "....");
  putBack(other, part, box);
  assert.deepEqual(drawn(other), [".12.", ".56."]);
  assert.ok(sameBytes(part, cutOut(other, other.ids, box)));
  assert.ok(!sameBytes(part, part.subarray(1)));
});

test("boxes", () => {
  assert.deepEqual(wholeBox({ width: 4, height: 3 }), [0, 0, 3, 2]);
  assert.deepEqual(joinBoxes(null, [1, 2, 3, 4]), [1, 2, 3, 4]);
  assert.deepEqual(joinBoxes([0, 5, 2, 6], [1, 2, 3, 4]), [0, 2, 3, 6]);
  assert.equal(joinBoxes(null, null), null);
  assert.deepEqual(clipBox({ width: 4, height: 3 }, -2, 0.5, 1.2, 9), [0, 0, 2, 2]);
});
