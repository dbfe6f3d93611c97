// What is drawn above the paint: the polygon so far, and a cross with the brush's circle where the next stroke begins.

import { INK, LIT } from "../shared/palette.js";

export function drawMarks(pen, painter) {
  const { map, corners, spot, penDown, tool, brush } = painter, unit = painter.scale();
  pen.clearRect(0, 0, map.width, map.height);
  for (const [colour, width] of [[INK, 4], [penDown ? "#ffffff" : LIT, 2]]) {
    pen.strokeStyle = colour;
    pen.lineWidth = width * unit;
    pen.beginPath();
    tracePolygon(pen, corners, spot, unit);
    if (spot) traceCross(pen, spot, ["brush", "erase"].includes(tool) ? Math.max(brush / 2, 2 * unit) : 3 * unit, unit);
    pen.stroke();
  }
}

function tracePolygon(pen, corners, spot, unit) {
  if (!corners.length) return;
  const points = spot ? [...corners, spot] : corners, first = corners[0];
  points.forEach((c, k) => (k ? pen.lineTo(c.x + 0.5, c.y + 0.5) : pen.moveTo(c.x + 0.5, c.y + 0.5)));
  pen.moveTo(first.x + 0.5 + 5 * unit, first.y + 0.5);
  pen.arc(first.x + 0.5, first.y + 0.5, 5 * unit, 0, 7);
}

function traceCross(pen, spot, r, unit) {
  const x = spot.x + 0.5, y = spot.y + 0.5;
  pen.moveTo(x + r, y);
  pen.arc(x, y, r, 0, 7);
  for (const [dx, dy] of [[1, 0], [-1, 0], [0, 1], [0, -1]]) {
    pen.moveTo(x + dx * (r + 2 * unit), y + dy * (r + 2 * unit));
    pen.lineTo(x + dx * (r + 8 * unit), y + dy * (r + 8 * unit));
  }
}
