// What explanations compute from a table of coalitions, as explanation/surrogates.py does: no classifier is evaluated here.
//
// A table is { count, rows, masks, exact }: `rows` coalitions of `count` regions, of which masks[row * count + k] says whether
// region k is shown. When it is exact, row n shows region k where bit k of n is set. Values are one number for each row.

import { leastSquares } from "./linear.js";
import { refine } from "./process.js";

export class AlgebraError extends Error {}

export function exactTable(count) {
  const rows = 2 ** count, masks = new Uint8Array(rows * count);
  for (let row = 0; row < rows; row++) for (let k = 0; k < count; k++) masks[row * count + k] = (row >> k) & 1;
  return { count, rows, masks, exact: true };
}

// bits: rows of coalitions packed as numpy.packbits(masks, axis=1, bitorder="little") packs them. logImportance: the logarithm of
// how many coalitions each row stands for (explanation/methods.py), empty where all count equally.
export function sampledTable(count, bits, logImportance = []) {
  const bytes = Math.ceil(count / 8), rows = bits.length / bytes, masks = new Uint8Array(rows * count);
  for (let row = 0; row < rows; row++) {
    for (let k = 0; k < count; k++) masks[row * count + k] = (bits[row * bytes + (k >> 3)] >> (k & 7)) & 1;
  }
  return { count, rows, masks, exact: false, logImportance: logImportance.length ? logImportance : null };
}

// How many coalitions each row stands for, relative to the mean of all rows.
function importance({ rows, logImportance }) {
  if (!logImportance) return new Float64Array(rows).fill(1);
  const most = Math.max(...logImportance), relative = Float64Array.from(logImportance, (log) => Math.exp(log - most));
  const mean = relative.reduce((a, b) => a + b, 0) / rows;
  return relative.map((each) => each / mean);
}

export const sizesOf = ({ count, rows, masks }) => Uint16Array.from({ length: rows }, (_, row) => {
  let size = 0;
  for (let k = 0; k < count; k++) size += masks[row * count + k];
  return size;
});

// The row of a coalition, given as a set of the regions that are off; -1 where the table does not hold it.
export function rowWithout(table, off) {
  const { count, rows, masks, exact } = table;
  if (exact) return Array.from({ length: count }, (_, k) => (off.has(k) ? 0 : 2 ** k)).reduce((a, b) => a + b, 0);
  for (let row = 0; row < rows; row++) {
    let same = true;
    for (let k = 0; same && k < count; k++) same = Boolean(masks[row * count + k]) !== off.has(k);
    if (same) return row;
  }
  return -1;
}

// How much more probable one class is than another.
export const contrast = (values, others) => Float32Array.from(values, (value, row) => value - others[row]);

// How much a coalition of `size` of the `count` regions counts for LIME.
export const kernelOf = (size, count, width) => Math.sqrt(Math.exp(-((1 - Math.sqrt(size / count)) ** 2) / width ** 2));

// Weighted ridge regression near the whole photograph. Ribeiro et al. 2016, "Why Should I Trust You?", section 3.4.
export function lime(table, values, { kernelWidth = 0.25, alpha = 0 } = {}) {
  const { count } = table, sizes = sizesOf(table);
  const kernel = Float64Array.from(sizes, (size) => kernelOf(size, count, kernelWidth));
  const counting = kernel.reduce((sum, weight) => sum + (weight > 1e-14 ? 1 : 0), 0);
  if (alpha === 0 && counting <= count) {
    throw new AlgebraError(`The kernel is so narrow that only ${counting} coalitions count, for ${count} regions: widen it.`);
  }
  const standsFor = importance(table);
  return weightedRidge(table, values, kernel.map((weight, row) => weight * standsFor[row]), alpha);
}

// A region's effect averaged over all coalitions of the others, as coefficients of an unweighted fit. Banzhaf 1965; Hammer and
// Holzman 1992.
export const banzhaf = (table, values) => weightedRidge(table, values, importance(table), 0);

// A region's effect averaged over all orders in which regions can appear. Shapley 1953.
export function shapley(table, values) {
  const { count, rows } = table, sizes = sizesOf(table);
  const empty = values[sizes.indexOf(0)], full = values[sizes.indexOf(count)];
  const weights = new Float64Array(count);
  if (table.exact) {
    const share = Array.from({ length: count }, (_, s) => 1 / (count * binomial(count - 1, s)));
    for (let row = 0; row < rows; row++) {
      for (let k = 0; k < count; k++) {
        if (!((row >> k) & 1)) weights[k] += share[sizes[row]] * (values[row | (1 << k)] - values[row]);
      }
    }
  } else weights.set(refine(table, values, sizes, empty, constrainedShapley(table, values, sizes, empty, full)));
  return { weights: [...weights], intercept: empty, r2: shapleyR2(table, values, sizes, weights, empty) };
}

// Least squares with the Shapley kernel, constrained to add up to value(full) - value(empty). Charnes et al. 1988; Lundberg and
// Lee 2017, section 4.1.
function constrainedShapley(table, values, sizes, empty, full) {
  const { count, masks } = table, inner = innerRows(sizes, count), kernel = shapleyKernel(table, sizes, inner), width = count - 1;
  const design = new Float64Array(inner.length * width), right = new Float64Array(inner.length);
  inner.forEach((row, i) => {
    const root = Math.sqrt(kernel[i]), last = masks[row * count + width];
    for (let k = 0; k < width; k++) design[i * width + k] = root * (masks[row * count + k] - last);
    right[i] = root * (values[row] - empty - last * (full - empty));
  });
  const head = [...leastSquares(design, right, width)];
  return [...head, full - empty - head.reduce((a, b) => a + b, 0)]; // the last is what the others leave of the total
}

// The Shapley interaction index of each pair, from an exact table. Grabisch and Roubens 1999.
export function interactions(table, values) {
  needExact(table, "Interactions need");
  const { count, rows } = table, sizes = sizesOf(table), out = Array.from({ length: count }, () => new Array(count).fill(0));
  const share = Array.from({ length: Math.max(0, count - 1) }, (_, s) => 1 / ((count - 1) * binomial(count - 2, s)));
  for (let i = 0; i < count; i++) {
    for (let j = i + 1; j < count; j++) {
      const a = 1 << i, b = 1 << j;
      let sum = 0;
      for (let row = 0; row < rows; row++) {
        if (row & (a | b)) continue;
        sum += share[sizes[row]] * (values[row | a | b] - values[row | a] - values[row | b] + values[row]);
      }
      out[i][j] = out[j][i] = sum;
    }
  }
  return out;
}

// The fewest regions that alone keep at least the share p of the whole photograph's value: their numbers.
export function sufficient(table, values, p) {
  needExact(table, "Sufficient sets need");
  const bar = Math.fround(p * values[table.rows - 1]);
  return smallestSet(table, values, (row, sizes) => (values[row] >= bar ? sizes[row] : Infinity), (a, b) => a > b, 1);
}

// The fewest regions without which less than the share p is left; null where even nothing shown keeps that much.
export function necessary(table, values, p) {
  needExact(table, "Necessary sets need");
  const bar = Math.fround(p * values[table.rows - 1]);
  return smallestSet(table, values, (row, sizes) => (values[row] < bar ? table.count - sizes[row] : Infinity), (a, b) => a < b, 0);
}

// Among the rows of the smallest cost, the first of the best value; the regions that it shows (member 1) or hides (0).
function smallestSet(table, values, cost, better, member) {
  const sizes = sizesOf(table);
  let best = -1, least = Infinity;
  for (let row = 0; row < table.rows; row++) {
    const now = cost(row, sizes);
    if (now < least || (now === least && now < Infinity && better(values[row], values[best]))) [best, least] = [row, now];
  }
  if (best < 0) return null;
  return Array.from({ length: table.count }, (_, k) => k).filter((k) => ((best >> k) & 1) === member);
}

function needExact(table, what) {
  if (!table.exact) throw new AlgebraError(`${what} every coalition; this table is a sample.`);
}

function weightedRidge({ count, rows, masks }, values, kernel, alpha) {
  let total = 0, mean = 0;
  const centre = new Float64Array(count);
  for (let row = 0; row < rows; row++) {
    total += kernel[row];
    mean += kernel[row] * values[row];
    for (let k = 0; k < count; k++) centre[k] += kernel[row] * masks[row * count + k];
  }
  mean /= total;
  for (let k = 0; k < count; k++) centre[k] /= total;
  const height = rows + (alpha ? count : 0), design = new Float64Array(height * count), right = new Float64Array(height);
  for (let row = 0; row < rows; row++) {
    const root = Math.sqrt(kernel[row]);
    for (let k = 0; k < count; k++) design[row * count + k] = root * (masks[row * count + k] - centre[k]);
    right[row] = root * (values[row] - mean);
  }
  // The penalty is as good as rows of its own that want every weight to be 0.
  if (alpha) for (let k = 0; k < count; k++) design[(rows + k) * count + k] = Math.sqrt(alpha);
  const weights = leastSquares(design, right, count);
  const intercept = mean - centre.reduce((sum, c, k) => sum + c * weights[k], 0);
  return { weights: [...weights], intercept, r2: weightedR2({ count, masks }, values, kernel, weights, intercept) };
}

const innerRows = (sizes, count) => [...sizes.keys()].filter((row) => sizes[row] > 0 && sizes[row] < count);

function shapleyR2(table, values, sizes, weights, empty) {
  const { count, masks } = table, inner = innerRows(sizes, count);
  if (!inner.length) return 1;
  const rowsOf = { count, masks: Uint8Array.from(inner.flatMap((row) => [...masks.subarray(row * count, (row + 1) * count)])) };
  return weightedR2(rowsOf, inner.map((row) => values[row]), shapleyKernel(table, sizes, inner), weights, empty);
}

// The share of the values' weighted variance that the fit explains.
function weightedR2({ count, masks }, values, kernel, weights, intercept) {
  let sum = 0, mean = 0, residual = 0, variance = 0;
  kernel.forEach((weight, row) => {
    sum += weight;
    mean += weight * values[row];
  });
  mean /= sum;
  kernel.forEach((weight, row) => {
    let fitted = intercept;
    for (let k = 0; k < count; k++) if (masks[row * count + k]) fitted += weights[k];
    residual += weight * (values[row] - fitted) ** 2;
    variance += weight * (values[row] - mean) ** 2;
  });
  if (variance <= 1e-12 * sum) return residual <= 1e-12 * sum ? 1 : 0;
  return 1 - residual / variance;
}

// Up to a factor, and in logarithms, for binomials of many regions overflow.
function shapleyKernel({ count, logImportance }, sizes, inner) {
  const logs = inner.map((row) => {
    const size = sizes[row];
    return (logImportance?.[row] ?? 0) - logBinomial(count, size) - Math.log(size * (count - size));
  });
  const most = Math.max(...logs);
  return logs.map((log) => Math.exp(log - most));
}

function logBinomial(n, k) {
  let sum = 0;
  for (let i = 1; i <= k; i++) sum += Math.log((n - k + i) / i);
  return sum;
}

const binomial = (n, k) => Math.round(Math.exp(logBinomial(n, k)));
