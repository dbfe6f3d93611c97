// Texts on a picture that stay on it and can be read on any ground.

import { INK } from "./palette.js";

export function writeOn(pen, font) {
  Object.assign(pen, {
    font: `${font} system-ui, sans-serif`, textAlign: "center", textBaseline: "middle", lineJoin: "round",
    lineWidth: 4, strokeStyle: "#ffffff", fillStyle: INK,
  });
  const { width, height } = pen.canvas;
  return (text, x, y) => {
    const reach = pen.measureText(text).width / 2 + 2;
    const at = [Math.max(reach, Math.min(width - reach, x)), Math.max(9, Math.min(height - 9, y))];
    pen.strokeText(text, ...at);
    pen.fillText(text, ...at);
  };
}
