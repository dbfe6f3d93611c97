// The weights of every cut of the trees on standard input, for test_algebra.py.

import { readFileSync } from "node:fs";
import { cutTree, leavesOf, treeWeights } from "../../../segxai/widgets/region_canvas/level.js";

const answers = JSON.parse(readFileSync(0, "utf8")).map(({ tree, classes, target, versus }) =>
  Array.from({ length: tree.joins.length + 1 }, (_, k) => {
    const nodes = cutTree(tree.joins, k + 1), leaves = leavesOf(tree.joins);
    const weights = [target, versus].map((rival, i) => treeWeights(tree, classes, nodes, target, i ? rival : ""));
    return { leaves: nodes.map((node) => leaves[node]), weights: weights[0], contrast: weights[1] };
  }));
console.log(JSON.stringify(answers));
