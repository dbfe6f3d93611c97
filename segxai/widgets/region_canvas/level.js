// The regions that a canvas shows: those of the model, or a cut of its tree, whose regions are unions of the model's, its leaves.

import { bordersOf } from "./scene.js";

// joins: [a, b] for each node above the leaves, in the order in which they were joined; n: how many regions. The n regions are
// the nodes that are left when the last n - 1 joins are undone.
export function cutTree(joins, n) {
  const leaves = joins.length + 1, nodes = new Set([2 * leaves - 2]);
  for (let k = joins.length - 1; k >= Math.max(0, leaves - n); k--) {
    nodes.delete(leaves + k);
    for (const half of joins[k]) nodes.add(half);
  }
  return [...nodes].sort((a, b) => a - b);
}

// The leaves of every node.
export function leavesOf(joins) {
  const all = Array.from({ length: joins.length + 1 }, (_, leaf) => [leaf]);
  for (const [a, b] of joins) all.push([...all[a], ...all[b]]);
  return all;
}

// { names, areas, anchors, leaves, scene, nodes }: of the whole model where it has no tree.
export function levelOf(get, scene, depth) {
  const names = get("names"), areas = get("areas"), anchors = get("anchors"), tree = get("tree");
  if (!tree?.joins) return { names, areas, anchors, leaves: names.map((_, k) => [k]), scene, nodes: null };
  const nodes = cutTree(tree.joins, depth), members = leavesOf(tree.joins), leaves = nodes.map((node) => members[node]);
  const lookup = new Uint16Array(names.length);
  leaves.forEach((each, k) => each.forEach((leaf) => { lookup[leaf] = k; }));
  const labels = new Uint16Array(scene.labels.length);
  for (let i = 0; i < labels.length; i++) labels[i] = lookup[scene.labels[i]]; // a function for each pixel takes longer
  return {
    nodes, leaves, names: nodes.map((node) => tree.names[node]), areas: nodes.map((node) => tree.areas[node]),
    anchors: leaves.map((each) => anchors[each.reduce((best, leaf) => (areas[leaf] > areas[best] ? leaf : best))]),
    scene: { ...scene, labels, ...bordersOf(labels, scene.width, scene.height) },
  };
}

// The values of a cut's regions for a class, or for one rather than another: they are sums, so they are kept for every node.
export function treeWeights({ values }, classes, nodes, target, versus) {
  const of = values[classes.indexOf(target)] ?? values[0];
  const rival = versus && versus !== target ? values[classes.indexOf(versus)] : null;
  return nodes.map((node) => of[node] - (rival ? rival[node] : 0));
}
