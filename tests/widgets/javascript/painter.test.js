import assert from "node:assert/strict";
import { test } from "node:test";
import { inflateSync, crc32 } from "node:zlib";
import { makeHistory } from "../../../segxai/widgets/painter/history.js";
import { encodePng } from "../../../segxai/widgets/shared/png.js";
import { colourOfClass } from "../../../segxai/widgets/shared/palette.js";

// An independent reader: {kind: data} of the chunks, whose check sums must be right.
function chunksOf(png) {
  const view = new DataView(png.buffer, png.byteOffset, png.byteLength), chunks = {};
  assert.deepEqual([...png.subarray(0, 8)], [137, 80, 78, 71, 13, 10, 26, 10]);
  for (let at = 8; at < png.length;) {
    const length = view.getUint32(at), body = png.subarray(at + 4, at + 8 + length);
    if (crc32) assert.equal(view.getUint32(at + 8 + length), crc32(body));
    chunks[new TextDecoder().decode(body.subarray(0, 4))] = body.subarray(4);
    at += 12 + length;
  }
  return chunks;
}

test("a PNG holds the class ids, and with names these and a palette", async () => {
  const ids = Uint8Array.from({ length: 35 }, (_, i) => (i * 37) % 256), map = { width: 7, height: 5, ids };
  for (const names of [null, ["wall", "שלום 🐈"]]) {
    const chunks = chunksOf(await encodePng(map, names)), rows = inflateSync(chunks.IDAT);
    assert.deepEqual([...chunks.IHDR], [0, 0, 0, 7, 0, 0, 0, 5, 8, names ? 3 : 0, 0, 0, 0]);
    for (let y = 0; y < 5; y++) {
      assert.equal(rows[8 * y], 0);
      assert.deepEqual([...rows.subarray(8 * y + 1, 8 * y + 8)], [...ids.subarray(7 * y, 7 * y + 7)]);
    }
    if (names) assert.deepEqual([...chunks.PLTE.subarray(15, 18)], colourOfClass(5));
    if (names) assert.equal(new TextDecoder().decode(chunks.iTXt), `Class names\0\0\0\0\0${names.join("\n")}`);
    for (const kind of ["PLTE", "iTXt"]) assert.equal(kind in chunks, names !== null);
  }
});

const step = (name, bytes = 1) => ({ name, before: new Uint8Array(bytes), after: new Uint8Array(bytes) });

test("steps are undone in their order and done again, until another one is taken", () => {
  const history = makeHistory();
  for (const name of ["a", "b", "c"]) history.add(step(name));
  assert.deepEqual([history.move(true).name, history.move(true).name], ["c", "b"]);
  assert.equal(history.move(false).name, "b");
  history.add(step("d"));
  assert.ok(history.canUndo && !history.canRedo);
  const undone = [1, 2, 3].map(() => history.move(true).name);
  assert.deepEqual([...undone, history.move(true)], ["d", "b", "a", undefined]);
});

test("the oldest steps are forgotten when there are too many bytes, and the last one never", () => {
  const history = makeHistory(100);
  for (const name of ["a", "b", "c"]) history.add(step(name, 20));
  assert.deepEqual([history.move(true).name, history.move(true).name, history.move(true)], ["c", "b", undefined]);
  history.add(step("huge", 500));
  assert.equal(history.move(true).name, "huge");
});
