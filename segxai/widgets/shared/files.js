// Annotations as files: a PNG of class ids, and their names, one a line, as fcn/annotation.py reads and writes them.

import { button, make, toolbar } from "./elements.js";
import { encodePng } from "./png.js";

const MOST_BYTES = 8e6;

function download(bytes, type, name) {
  const link = make("a", { href: URL.createObjectURL(new Blob([bytes], { type })), download: name });
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 10000);
}

// take({ names }, png): what to do with chosen files. map() and names(): what is saved. texts: of the three buttons.
export function annotationFiles(listen, { take, notify, map, names, texts: [load, savePng, saveNames], stem }) {
  const file = make("input", {
    type: "file", accept: ".png,.txt", multiple: true, hidden: true, "aria-label": "PNG of class ids, and its names",
  });
  listen.on(file, "change", async () => {
    const chosen = [...file.files], isText = (each) => each.name.endsWith(".txt");
    const png = chosen.find((each) => !isText(each)), text = chosen.find(isText);
    file.value = "";
    if (!png) notify("Choose a PNG of class ids (and with it the file of its names, if there is one).");
    else if (png.size > MOST_BYTES) notify(`${png.name} is too large: 8 MB at most.`);
    else {
      notify(`${png.name} is being read.`);
      take({ names: text ? await text.text() : null }, await png.arrayBuffer());
    }
  });
  return toolbar("Files",
    button(load, () => file.click(), { title: "A PNG of class ids and, if there is one, its names.txt", "data-file": "load" }),
    button(savePng, async () => download(await encodePng(map(), true), "image/png", `${stem}.png`),
      { title: "Save the class ids as a palette PNG", "data-file": "png" }),
    button(saveNames, () => download(`${names().join("\n")}\n`, "text/plain", `${stem}.names.txt`),
      { title: "Save the names, one a line", "data-file": "names" }),
    file);
}
