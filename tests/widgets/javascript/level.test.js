import assert from "node:assert/strict";
import { test } from "node:test";
import { cutTree, leavesOf, levelOf, treeWeights } from "../../../segxai/widgets/region_canvas/level.js";
import { neighbourOf } from "../../../segxai/widgets/region_canvas/neighbours.js";

const joins = [[0, 1], [2, 3], [4, 5]]; // nodes 4, 5 and the root, 6

test("a cut undoes the last joins, and cuts nest", () => {
  assert.deepEqual([1, 2, 3, 4, 9].map((n) => cutTree(joins, n)), [[6], [4, 5], [2, 3, 4], [0, 1, 2, 3], [0, 1, 2, 3]]);
  assert.deepEqual(leavesOf(joins), [[0], [1], [2], [3], [0, 1], [2, 3], [0, 1, 2, 3]]);
});

test("values of a level add up to the root's, for a class and for a contrast", () => {
  const tree = { values: [[1, 2, 3, 4, 3, 7, 10], [0, 1, 0, 1, 1, 1, 2]] };
  for (let n = 1; n <= 4; n++) {
    const sum = (versus) => treeWeights(tree, ["a", "b"], cutTree(joins, n), "a", versus).reduce((x, y) => x + y);
    assert.deepEqual([sum(""), sum("b"), sum("a")], [10, 8, 10]);
  }
});

test("a level has the labels, names and areas of its nodes; without a tree it is the model itself", () => {
  const model = {
    names: ["a", "b", "c", "d"], areas: [0.1, 0.4, 0.3, 0.2], anchors: [[0, 0], [1, 0], [0, 1], [1, 1]],
    tree: { joins, names: ["a", "b", "c", "d", "ab", "cd", "all"], areas: [0.1, 0.4, 0.3, 0.2, 0.5, 0.5, 1] },
  };
  const scene = { width: 2, height: 2, labels: Uint16Array.of(0, 1, 2, 3) }, level = levelOf((key) => model[key], scene, 2);
  assert.deepEqual([level.names, level.areas, level.leaves], [["ab", "cd"], [0.5, 0.5], [[0, 1], [2, 3]]]);
  assert.deepEqual([[...level.scene.labels], level.anchors], [[0, 0, 1, 1], [[1, 0], [0, 1]]]);
  const plain = levelOf((key) => ({ ...model, tree: {} })[key], scene, 2);
  assert.deepEqual([plain.names, plain.nodes, plain.scene === scene], [model.names, null, true]);
});

test("arrow keys lead to the nearest region in their direction, and stay where there is none", () => {
  const anchors = [[0.2, 0.2], [0.8, 0.2], [0.2, 0.8], [0.8, 0.8], [0.5, 0.45]];
  assert.equal(neighbourOf(anchors, -1, "ArrowUp"), 4);
  assert.equal(neighbourOf(anchors, 0, "ArrowRight"), 1);
  assert.equal(neighbourOf(anchors, 0, "ArrowDown"), 2);
  assert.equal(neighbourOf(anchors, 0, "ArrowLeft"), 0);
  assert.equal(neighbourOf(anchors, 3, "ArrowUp"), 1);
});
