// From a table and settings to what a canvas shows: weights, and the classifier's outputs for any regions.

import { AlgebraError, banzhaf, contrast, exactTable, lime, rowWithout, sampledTable, shapley } from "../shared/algebra.js";
import { arrayOf } from "../shared/pictures.js";

export const METHODS = { lime: "LIME", shapley: "Shapley", banzhaf: "Banzhaf" };

// The table of a model: { count, rows, masks, exact } with `outputs`, a column of values for each of its classes.
export function readTable(model) {
  const count = model.get("names").length, classes = model.get("classes"), bits = arrayOf(Uint8Array, model.get("bits"));
  const numbers = arrayOf(Float32Array, model.get("table")), logImportance = arrayOf(Float64Array, model.get("log_importance"));
  const table = bits.length ? sampledTable(count, bits, logImportance) : exactTable(count);
  const column = (c) => Float32Array.from({ length: table.rows }, (_, row) => numbers[row * classes.length + c]);
  return { ...table, classes, output: model.get("output") ?? "probability", outputs: classes.map((_, c) => column(c)) };
}

// What is explained, row by row: the values of a class, or how much more probable it is than another.
export function columnOf({ classes, outputs }, { target, versus }) {
  const values = outputs[classes.indexOf(target)], rival = outputs[classes.indexOf(versus)];
  return values && rival && rival !== values ? contrast(values, rival) : values;
}

// { weights, intercept, r2, problem }. given: the weights that came from Python, for what cannot be computed here.
export function explainTable(table, { target, versus, method, kernel_width: kernelWidth, alpha }, given) {
  const column = columnOf(table, { target, versus });
  if (!column || !(method in METHODS)) return given;
  try {
    if (method === "lime") return lime(table, column, { kernelWidth, alpha });
    return method === "shapley" ? shapley(table, column) : banzhaf(table, column);
  } catch (error) {
    if (!(error instanceof AlgebraError)) throw error;
    return { ...given, problem: error.message };
  }
}

// The output for each class without the table's regions that are off: { values, estimated }. Where a sampled table does not hold
// that coalition, the target's is estimated by the weights, each of which is shared by `leaves`; the others are null, and so are
// all where the weights are those of a contrast.
export function outputsWithout(table, off, { weights, intercept }, { target, versus }, leaves) {
  const row = rowWithout(table, off);
  if (row >= 0) return { values: table.outputs.map((column) => column[row]), estimated: false };
  const shown = (k) => leaves[k].filter((leaf) => !off.has(leaf)).length / leaves[k].length;
  const sum = weights.reduce((total, weight, k) => total + weight * shown(k), intercept);
  const estimate = table.output === "probability" ? Math.max(0, Math.min(1, sum)) : sum;
  return { values: table.classes.map((name) => (name === target && !versus ? estimate : null)), estimated: true };
}
