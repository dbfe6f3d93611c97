// The one protocol for what is no state of a model, in both directions: { type, ...fields }, and buffers of bytes beside it.
// Its other end is BundledWidget.handle in browser.py. The types, by widget:
//
//   form         to Python   cancel   file { key, name, size, start }, buffer: a piece of the file
//   fit_monitor  to Python   start { settings }   step { settings }   stop   frames
//                from Python frame { run, settings, frame }, buffers: labels, probabilities
//   region_canvas to Python  merge { regions }   divide { region }   load, buffer: PNG
//   painter      to Python   import, buffer: PNG   fit { names }, buffer: PNG   cancel
//
// A message of an unknown type is ignored at either end.

export function send(model, type, fields = {}, buffers = []) {
  try {
    model.send({ type, ...fields }, undefined, buffers);
  } catch {
    // The kernel is gone, which the page shows.
  }
}

// A message may have 10 MB on most servers.
const PIECE = 4_000_000; // bytes

export async function sendFile(model, key, file) {
  for (let start = 0; start === 0 || start < file.size; start += PIECE) {
    const piece = await file.slice(start, start + PIECE).arrayBuffer();
    send(model, "file", { key, name: file.name, size: file.size, start }, [piece]);
  }
}

// handlers: { type: (fields, buffers) => ... }
export function receive(listen, model, handlers) {
  listen.model("msg:custom", (content, buffers) => {
    if (Object.hasOwn(handlers, content?.type)) handlers[content.type](content, buffers);
  });
}
