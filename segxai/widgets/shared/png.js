// Class ids as a PNG, exactly: a canvas cannot write palettes, and some browsers add noise to what is read from a canvas.

import { colourOfClass } from "./palette.js";

const CRC_TABLE = Uint32Array.from({ length: 256 }, (_, n) => {
  for (let k = 0; k < 8; k++) n = n & 1 ? (n >>> 1) ^ 0xedb88320 : n >>> 1;
  return n;
});

function pngChunk(kind, data) {
  const chunk = new Uint8Array(data.length + 12), view = new DataView(chunk.buffer);
  view.setUint32(0, data.length);
  chunk.set(new TextEncoder().encode(kind), 4);
  chunk.set(data, 8);
  let crc = 0xffffffff;
  for (let i = 4; i < data.length + 8; i++) crc = (crc >>> 8) ^ CRC_TABLE[(crc ^ chunk[i]) & 255];
  view.setUint32(data.length + 8, (crc ^ 0xffffffff) >>> 0);
  return chunk;
}

// The map as the bytes of a PNG whose values are the class ids: grey, or, with names, with the classes' colours as its
// palette and the names as its text, one a line.
export async function encodePng({ width, height, ids }, names = null) {
  const rows = new Uint8Array((width + 1) * height); // each row begins with its filter: 0, none
  for (let y = 0; y < height; y++) rows.set(ids.subarray(y * width, (y + 1) * width), y * (width + 1) + 1);
  const packed = await new Response(new Blob([rows]).stream().pipeThrough(new CompressionStream("deflate"))).arrayBuffer();
  const header = new Uint8Array(13), view = new DataView(header.buffer);
  view.setUint32(0, width);
  view.setUint32(4, height);
  header.set([8, names ? 3 : 0], 8);
  const palette = new Uint8Array(768);
  for (let id = 0; id < 255; id++) palette.set(colourOfClass(id), 3 * id);
  const parts = [Uint8Array.of(137, 80, 78, 71, 13, 10, 26, 10), pngChunk("IHDR", header)];
  // The zeros: the keyword ends, no compression (two bytes), no language, no translated keyword.
  const text = () => pngChunk("iTXt", new TextEncoder().encode(`Class names\0\0\0\0\0${names.join("\n")}`));
  if (names) parts.push(pngChunk("PLTE", palette), text());
  parts.push(pngChunk("IDAT", new Uint8Array(packed)), pngChunk("IEND", new Uint8Array(0)));
  return new Uint8Array(await new Blob(parts).arrayBuffer());
}
