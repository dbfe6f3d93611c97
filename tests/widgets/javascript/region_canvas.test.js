import assert from "node:assert/strict";
import { test } from "node:test";
import { outputsWithout, readTable } from "../../../segxai/widgets/region_canvas/explain.js";
import { orderOf } from "../../../segxai/widgets/region_canvas/list.js";
import { coversOf, paintBase, pixelsOf } from "../../../segxai/widgets/region_canvas/paint.js";
import { bordersOf } from "../../../segxai/widgets/region_canvas/scene.js";
import { BLUE, ORANGE } from "../../../segxai/widgets/shared/palette.js";

const settings = { off: new Set(), limit: 1, threshold: 0, opacity: 1, view: "weights" };

test("borders are dark beside light, and boxes hold their regions", () => {
  const { edge, boxes } = bordersOf(Uint16Array.of(0, 0, 1, 0, 0, 1), 3, 2);
  assert.deepEqual([...edge], [0, 1, 2, 0, 1, 2]);
  assert.deepEqual(boxes, [[0, 0, 1, 1], [2, 0, 2, 1]]);
});

test("the tint is proportional to the weight, and none at zero, for what is off, or weaker than the threshold", () => {
  const weights = [1, -0.5, 0, 0.2];
  assert.deepEqual(coversOf(weights, settings), [1, 0.5, 0, 0.2]);
  assert.deepEqual(coversOf(weights, { ...settings, opacity: 0.5 }), [0.5, 0.25, 0, 0.1]);
  assert.deepEqual(coversOf(weights, { ...settings, threshold: 0.3 }), [1, 0.5, 0, 0]);
  assert.deepEqual(coversOf(weights, { ...settings, off: new Set([0]) }), [0, 0.5, 0, 0.2]);
});

// Pixels of 2 x 2 copies of one colour for each region.
function painted(colours, weights, more = {}) {
  const labels = Uint16Array.from(colours.flatMap((_, k) => [k, k, k, k]));
  const image = { data: new Uint8ClampedArray(4 * labels.length) };
  const data = Uint8ClampedArray.from([...labels].flatMap((k) => [...colours[k], 255]));
  const edge = new Uint8Array(labels.length), picture = pixelsOf({ data });
  const scene = { width: 2, labels, edge, photo: picture, filled: picture, image };
  paintBase({ putImageData() {} }, scene, weights, { ...settings, ...more });
  return colours.map((_, k) => [...image.data.subarray(16 * k, 16 * k + 3)]);
}

test("whatever the photograph's own colour: grey without weight, blue for support, orange against", () => {
  const red = [230, 20, 20];
  const [none, support, oppose, half] = painted([red, red, red, red], [0, 1, -1, 0.5]);
  assert.ok(none[0] === none[1] && none[1] === none[2] && none[0] >= 128);
  assert.deepEqual([support, oppose], [BLUE, ORANGE]);
  assert.ok(half[2] > half[1] && half[1] > half[0]);
  for (const view of ["borders", "photograph"]) assert.deepEqual(painted([red], [1], { view }), [red]);
});

test("the largest weights of either sign come first", () => {
  assert.deepEqual(orderOf([0, -0.2, 0.3, 0.3]), [2, 3, 1, 0]);
});

test("only what is called a probability is kept within 0 and 1 when it is estimated", () => {
  const bytes = (array) => new DataView(array.buffer);
  const state = {
    names: ["a", "b"], classes: ["box"], bits: bytes(Uint8Array.of(3, 0)), log_importance: bytes(Float64Array.of(0, 0)),
    table: bytes(Float32Array.of(6, 1)),
  };
  const estimate = (output, versus = "") => {
    const table = readTable({ get: (key) => ({ ...state, output })[key] });
    return outputsWithout(table, new Set([0]), { weights: [2, 3], intercept: 1 }, { target: "box", versus }, [[0], [1]]);
  };
  assert.deepEqual(estimate("score"), { values: [4], estimated: true });
  assert.deepEqual(estimate("probability"), { values: [1], estimated: true });
  assert.deepEqual(estimate(undefined), { values: [1], estimated: true }); // a page that was saved before
  assert.deepEqual(estimate("score", "cat"), { values: [null], estimated: true }); // what is estimated is no output of a class
});
