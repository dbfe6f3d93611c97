// Where the arrow keys lead: from a region to the next one in that direction.

const DIRECTIONS = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] };

export const isArrow = (key) => key in DIRECTIONS;

// anchors: [x, y] of each region; from: the current region, -1 for none. Of the regions that lie more in that direction than
// across it the nearest is taken, else the one that lies there at all; where there is none, the region stays.
export function neighbourOf(anchors, from, key) {
  if (from < 0) return nearestTo(anchors, [0.5, 0.5]);
  const [dx, dy] = DIRECTIONS[key], [x, y] = anchors[from];
  let best = from, least = Infinity;
  anchors.forEach(([ax, ay], k) => {
    const along = (ax - x) * dx + (ay - y) * dy, across = Math.abs((ax - x) * dy) + Math.abs((ay - y) * dx);
    if (k === from || along <= 1e-6) return;
    const cost = along + 2 * across + (across > along ? 10 : 0);
    if (cost < least) [best, least] = [k, cost];
  });
  return best;
}

function nearestTo(anchors, [x, y]) {
  const distances = anchors.map(([ax, ay]) => (ax - x) ** 2 + (ay - y) ** 2);
  return distances.indexOf(Math.min(...distances));
}
