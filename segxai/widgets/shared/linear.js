// Least squares for a few unknowns and many rows, as numpy.linalg.lstsq solves it: of all best solutions the shortest.

const EPSILON = 2 ** -52;

// rows: the (count x width) matrix in one Float64Array, row by row; right: (count). Both are overwritten.
export function leastSquares(rows, right, width) {
  const count = right.length, cutoff = EPSILON * Math.max(count, width);
  triangulate(rows, right, width);
  const used = Math.min(count, width), triangle = new Float64Array(width * width);
  for (let i = 0; i < used; i++) for (let j = i; j < width; j++) triangle[i * width + j] = rows[i * width + j];
  const projected = new Float64Array(width);
  projected.set(right.subarray(0, used));
  return solveSquare(triangle, projected, width, cutoff);
}

// Householder's reflections: what is left above the diagonal is R, and the right-hand side becomes Q' b.
function triangulate(rows, right, width) {
  const count = right.length;
  for (let k = 0; k < Math.min(count - 1, width); k++) {
    let norm = 0;
    for (let i = k; i < count; i++) norm += rows[i * width + k] ** 2;
    norm = Math.sqrt(norm);
    if (norm === 0) continue;
    const alpha = rows[k * width + k] > 0 ? -norm : norm, first = rows[k * width + k] - alpha;
    const v = new Float64Array(count - k);
    v[0] = first;
    let square = first ** 2;
    for (let i = k + 1; i < count; i++) {
      v[i - k] = rows[i * width + k];
      square += v[i - k] ** 2;
    }
    for (let j = k; j < width; j++) {
      let dot = 0;
      for (let i = k; i < count; i++) dot += v[i - k] * rows[i * width + j];
      const factor = (2 * dot) / square;
      for (let i = k; i < count; i++) rows[i * width + j] -= factor * v[i - k];
    }
    let dot = 0;
    for (let i = k; i < count; i++) dot += v[i - k] * right[i];
    const factor = (2 * dot) / square;
    for (let i = k; i < count; i++) right[i] -= factor * v[i - k];
  }
}

// The shortest solution of a square system by its singular values (one-sided Jacobi rotations); those below the cutoff count as 0.
function solveSquare(matrix, right, width, cutoff) {
  const column = (source, j) => Float64Array.from({ length: width }, (_, i) => source[i * width + j]);
  const u = Array.from({ length: width }, (_, j) => column(matrix, j));
  const v = Array.from({ length: width }, (_, j) => Float64Array.from({ length: width }, (_unused, i) => (i === j ? 1 : 0)));
  for (let sweep = 0, rotated = true; rotated && sweep < 60; sweep++) {
    rotated = false;
    for (let p = 0; p < width; p++) for (let q = p + 1; q < width; q++) rotated = rotate(u, v, p, q) || rotated;
  }
  const sizes = u.map((vector) => Math.sqrt(dotOf(vector, vector))), largest = Math.max(...sizes, 0);
  const solution = new Float64Array(width);
  sizes.forEach((size, j) => {
    if (size <= cutoff * largest || size === 0) return;
    const factor = dotOf(u[j], right) / size ** 2;
    for (let i = 0; i < width; i++) solution[i] += factor * v[j][i];
  });
  return solution;
}

const dotOf = (a, b) => a.reduce((sum, value, i) => sum + value * b[i], 0);

// Makes columns p and q orthogonal; whether there was anything to do.
function rotate(u, v, p, q) {
  const a = dotOf(u[p], u[p]), b = dotOf(u[q], u[q]), c = dotOf(u[p], u[q]);
  if (Math.abs(c) <= 1e-15 * Math.sqrt(a * b) || c === 0) return false;
  const zeta = (b - a) / (2 * c), t = Math.sign(zeta || 1) / (Math.abs(zeta) + Math.sqrt(1 + zeta * zeta));
  const cosine = 1 / Math.sqrt(1 + t * t), sine = cosine * t;
  for (const [x, y] of [[u[p], u[q]], [v[p], v[q]]]) {
    for (let i = 0; i < x.length; i++) [x[i], y[i]] = [cosine * x[i] - sine * y[i], sine * x[i] + cosine * y[i]];
  }
  return true;
}
