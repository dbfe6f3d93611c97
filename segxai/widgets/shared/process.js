// Corrects a linear fit by a Gaussian process on coalitions, as explanation/process.py does; there it is explained.

const BLOCK = 1024, LENGTH = 4, LEAST = 0.02, LINEAR = 10, NUGGET = 0.01, PASSES = 2;
// Of Gauss's quadrature with 12 nodes: those above 0, and their shares.
const NODES = [0.1252334085114, 0.3678314989981, 0.5873179542866, 0.7699026741943, 0.9041172563704, 0.9815606342467];
const SHARES = [0.2491470458134, 0.2334925365383, 0.2031674267230, 0.1600783285433, 0.1069393259953, 0.0471753363865];

// sizes: of the table's rows. empty: the value of the row that shows nothing.
export function refine({ count, rows, masks }, values, sizes, empty, first) {
  const number = Math.ceil(rows / BLOCK), isEnd = (row) => sizes[row] === 0 || sizes[row] === count;
  const residuals = Float64Array.from({ length: rows }, (_, row) => {
    let sum = values[row] - empty;
    for (let k = 0; k < count; k++) if (masks[row * count + k]) sum -= first[k];
    return sum;
  });
  const blocks = Array.from({ length: number }, (_, block) =>
    [...sizes.keys()].filter((row) => row % number === block || isEnd(row)).map((row) => ({
      mask: masks.subarray(row * count, (row + 1) * count), residual: residuals[row],
    })));
  let weights = first;
  for (let pass = 0; pass < PASSES; pass++) {
    const sum = weights.reduce((total, weight) => total + Math.abs(weight), 0);
    const raw = weights.map((weight) => Math.abs(weight) + (LEAST * sum) / count + 1e-12), total = raw.reduce((a, b) => a + b, 0);
    const corrections = blocks.map((block) => correction(block, raw.map((length) => (length * LENGTH) / total)));
    weights = first.map((weight, k) => weight + corrections.reduce((added, each) => added + each[k], 0) / number);
  }
  return weights;
}

// The Shapley values of the process' mean, without their sum.
function correction(block, lengths) {
  const count = lengths.length, slope = (4 * LINEAR) / count, height = block.length, covariance = new Float64Array(height * height);
  for (let i = 0; i < height; i++) {
    for (let j = 0; j <= i; j++) {
      const a = block[i].mask, b = block[j].mask;
      let apart = 0, distance = 0;
      for (let k = 0; k < count; k++) {
        if (a[k] !== b[k]) {
          apart++;
          distance += lengths[k];
        }
      }
      covariance[i * height + j] = Math.exp(-distance) + LINEAR + slope * (count / 4 - apart / 2) + (i === j ? NUGGET : 0);
    }
  }
  const scores = solvePositive(covariance, block.map(({ residual }) => residual)), added = new Float64Array(count);
  block.forEach(({ mask }, i) => {
    const values = productValues(mask, lengths);
    for (let k = 0; k < count; k++) added[k] += scores[i] * (values[k] + slope * (mask[k] - 0.5));
  });
  const mean = added.reduce((a, b) => a + b, 0) / count;
  return added.map((each) => each - mean);
}

// Shapley values of the game prod(1 if a region is as in the mask, else exp(-its length)).
function productValues(mask, lengths) {
  const values = new Float64Array(lengths.length), factors = lengths.map((length) => Math.exp(-length));
  const difference = factors.map((factor, k) => (mask[k] ? 1 - factor : factor - 1));
  NODES.forEach((node, n) => {
    for (const place of [node, -node]) {
      const means = factors.map((factor, k) => (1 + factor + place * difference[k]) / 2);
      const product = means.reduce((a, b) => a * b, 1);
      means.forEach((mean, k) => {
        values[k] += ((SHARES[n] / 2) * product * difference[k]) / mean;
      });
    }
  });
  return values;
}

// Solves for a positive definite matrix, of which the lower half is given and overwritten, after Cholesky.
function solvePositive(matrix, right) {
  const size = right.length, solution = Float64Array.from(right);
  for (let i = 0; i < size; i++) {
    for (let j = 0; j <= i; j++) {
      let sum = matrix[i * size + j];
      for (let k = 0; k < j; k++) sum -= matrix[i * size + k] * matrix[j * size + k];
      matrix[i * size + j] = i === j ? Math.sqrt(sum) : sum / matrix[j * size + j];
    }
  }
  for (let i = 0; i < size; i++) {
    for (let k = 0; k < i; k++) solution[i] -= matrix[i * size + k] * solution[k];
    solution[i] /= matrix[i * size + i];
  }
  for (let i = size - 1; i >= 0; i--) {
    for (let k = i + 1; k < size; k++) solution[i] -= matrix[k * size + i] * solution[k];
    solution[i] /= matrix[i * size + i];
  }
  return solution;
}
