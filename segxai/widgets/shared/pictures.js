// Pictures as they come from Python.

// Pixels of a PNG or JPEG given as bytes, exactly as stored.
export async function decode(bytes) {
  const bitmap = await createImageBitmap(new Blob([bytes]), { colorSpaceConversion: "none", premultiplyAlpha: "none" });
  const canvas = new OffscreenCanvas(bitmap.width, bitmap.height);
  const context = canvas.getContext("2d", { willReadFrequently: true });
  context.drawImage(bitmap, 0, 0);
  return context.getImageData(0, 0, bitmap.width, bitmap.height);
}

// Numbers of regions or classes are stored in red (low byte) and green (high byte).
export function numbersOf({ data }) {
  const numbers = new Uint16Array(data.length / 4);
  for (let i = 0; i < numbers.length; i++) numbers[i] = data[4 * i] | (data[4 * i + 1] << 8);
  return numbers;
}

export const bytesOf = (numbers) => Uint8Array.from(numbers);

// Bytes of a model, which are a DataView there, as an array of the given kind of number.
export function arrayOf(Kind, bytes) {
  if (!bytes?.byteLength) return new Kind(0);
  const start = bytes.byteOffset ?? 0, buffer = bytes.buffer ?? bytes;
  return new Kind(buffer.slice(start, start + bytes.byteLength));
}
