// Computes everything that algebra.js can of the tables on standard input, for test_algebra.py.

import { readFileSync } from "node:fs";
import * as algebra from "../../../segxai/widgets/shared/algebra.js";

const attempt = (work) => {
  try {
    return work();
  } catch (error) {
    if (error instanceof algebra.AlgebraError) return "refused";
    throw error;
  }
};

const answers = JSON.parse(readFileSync(0, "utf8")).map((given) => {
  const { count, bits, logImportance, exact, values, others, settings, p } = given;
  const sample = () => algebra.sampledTable(count, Uint8Array.from(bits), Float64Array.from(logImportance));
  const table = exact ? algebra.exactTable(count) : sample();
  const column = Float32Array.from(values), difference = algebra.contrast(column, Float32Array.from(others));
  return {
    lime: settings.map((each) => attempt(() => algebra.lime(table, column, each))),
    contrast: attempt(() => algebra.lime(table, difference, settings[0])),
    shapley: algebra.shapley(table, column),
    banzhaf: algebra.banzhaf(table, column),
    interactions: attempt(() => algebra.interactions(table, column)),
    sufficient: attempt(() => algebra.sufficient(table, column, p)),
    necessary: attempt(() => algebra.necessary(table, column, p)),
    rows: [[], [0], [...Array(count).keys()]].map((off) => algebra.rowWithout(table, new Set(off))),
  };
});
console.log(JSON.stringify(answers));
