import assert from "node:assert/strict";
import { test } from "node:test";
import { chooseRows, offIn, predicted, wordsFor } from "../../../segxai/widgets/region_canvas/coalition.js";
import { cutOut } from "../../../segxai/widgets/region_canvas/cutouts.js";
import { bordersOf } from "../../../segxai/widgets/region_canvas/scene.js";
import { exactTable, kernelOf, sampledTable } from "../../../segxai/widgets/shared/algebra.js";

test("a cut-out is the region's pixels, transparent where others are", () => {
  const labels = Uint16Array.of(0, 0, 1, 1, 0, 1), words = Uint32Array.from(labels, (k) => (k ? 0xff0000ff : 0xff00ff00));
  const scene = { width: 3, labels, ...bordersOf(labels, 3, 2), photo: { words } };
  const pixel = (k, x, y, side = 6) => [...cutOut(scene, k, side).subarray(4 * (y * side + x), 4 * (y * side + x) + 4)];
  assert.deepEqual(pixel(1, 3, 0), [0, 0, 0, 0]); // the box is 3 x 2, so that its 2 rows are in the middle
  assert.deepEqual(pixel(1, 5, 1), [255, 0, 0, 255]);
  assert.deepEqual(pixel(1, 0, 1), [0, 0, 0, 0]);
  assert.deepEqual(pixel(1, 0, 4), [255, 0, 0, 255]);
  assert.deepEqual([...new Set(cutOut(scene, 2))], [0]); // a region that the small copy has lost
});

test("the table begins with what is shown now, then the coalitions nearest to the whole photograph", () => {
  const table = exactTable(3);
  assert.deepEqual(chooseRows(table, -1), [7, 6, 5, 3, 4, 2, 1, 0]);
  assert.deepEqual(chooseRows(table, 4, 3), [4, 7, 6, 5]);
  assert.deepEqual([...offIn(table, 5)], [1]);
  assert.deepEqual([...offIn(sampledTable(3, Uint8Array.of(7, 2)), 1)], [0, 2]);
});

test("the surrogate adds up what is shown, and the kernel is LIME's", () => {
  const explanation = { weights: [0.5, 0.25, -0.125], intercept: 1 };
  assert.equal(predicted(explanation, new Set()), 1.625);
  assert.equal(predicted(explanation, new Set([0, 2])), 1.25);
  assert.equal(kernelOf(4, 4, 0.25), 1);
  assert.ok(Math.abs(kernelOf(1, 4, 0.5) - Math.exp(-0.5)) < 1e-12); // distance 1 - 1/2, twice the width squared
});

test("a coalition in words says the shorter half, also of names with commas", () => {
  const names = ["sky", "dog, left", "ball", "tree", "hut"], say = (...off) => wordsFor(new Set(off), names);
  assert.equal(say(), "everything shown");
  assert.equal(say(0, 1, 2, 3, 4), "nothing shown");
  assert.equal(say(0, 1), "without “sky” and “dog, left”");
  assert.equal(say(0, 2, 3, 4), "only “dog, left”");
  assert.equal(wordsFor(new Set([0, 1, 2]), [...names, "cat", "cup"]), "without 3 regions");
});
