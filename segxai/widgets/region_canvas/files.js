// The regions as a file, in the format that the painter writes: named once, for a whole class.

import { make } from "../shared/elements.js";
import { annotationFiles } from "../shared/files.js";
import { send } from "../shared/messages.js";

const MOST_REGIONS = 255; // numbers that a class id has room for

export function makeFiles(canvas) {
  const { listen, model } = canvas;
  const bar = annotationFiles(listen, {
    take: (png) => send(model, "load", {}, [png]), notify: (text) => canvas.notify(text),
    map: () => enlarged(canvas.level.scene, canvas.get("size")), names: () => canvas.names,
    texts: ["Load regions…", "Save regions (PNG)"], stem: "regions",
  });
  const element = make("details", { class: "sx-files" },
    make("summary", { text: "Regions as a file", title: "Save the regions and their names, to load them elsewhere" }), bar);
  function show(live) {
    bar.querySelector("[data-file=load]").hidden = model.still;
    bar.querySelector("[data-file=load]").disabled = !live;
    bar.querySelector("[data-file=png]").disabled = canvas.names.length > MOST_REGIONS;
  }
  return { element, show };
}

// The numbers of the regions at the photograph's size, each pixel that of the nearest that is shown (images.resize_labels).
function enlarged({ width, height, labels }, [rows, columns]) {
  const ids = new Uint8Array(rows * columns);
  const place = (i, to, from) => Math.floor(((i + 0.5) * from) / to);
  for (let y = 0, i = 0; y < rows; y++) {
    const start = place(y, rows, height) * width;
    for (let x = 0; x < columns; x++, i++) ids[i] = labels[start + place(x, columns, width)];
  }
  return { width: columns, height: rows, ids };
}
