// The one protocol for what is no state of a model, in both directions: { type, ...fields }, and buffers of bytes beside it.
// Its other end is messages.py. The types, by widget:
//
//   form         to Python   cancel
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

// handlers: { type: (fields, buffers) => ... }
export function receive(listen, model, handlers) {
  listen.model("msg:custom", (content, buffers) => {
    if (Object.hasOwn(handlers, content?.type)) handlers[content.type](content, buffers);
  });
}
