// Annotations as files: a PNG of class ids and their names, as fcn/annotation.py reads and writes it.

import { button, make, toolbar } from "./elements.js";
import { encodePng } from "./png.js";

const MOST_BYTES = 8e6;

function download(bytes, name) {
  const link = make("a", { href: URL.createObjectURL(new Blob([bytes], { type: "image/png" })), download: name });
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 10000);
}

// take(png): what to do with a chosen file. map() and names(): what is saved. texts: of the two buttons.
export function annotationFiles(listen, { take, notify, map, names, texts: [load, save], stem }) {
  const file = make("input", {
    type: "file", accept: ".png", hidden: true, "aria-label": "PNG of class ids",
  });
  listen.on(file, "change", async () => {
    const [png] = file.files;
    file.value = "";
    if (!png) return;
    if (png.size > MOST_BYTES) notify(`${png.name} is too large: 8 MB at most.`);
    else {
      notify(`${png.name} is being read.`);
      take(await png.arrayBuffer());
    }
  });
  return toolbar("Files",
    button(load, () => file.click(), { title: "A PNG of class ids, with or without their names", "data-file": "load" }),
    button(save, async () => download(await encodePng(map(), names()), `${stem}.png`),
      { title: "Save the class ids and their names as a palette PNG", "data-file": "png" }),
    file);
}
