// What a picture is compared with: a snapshot that was pinned, else the picture in the other pane.
// A layer is { root, title, weights, labels, width, height }: weights by region, and whose pixel is whose.

import { button, make } from "../shared/elements.js";

const THUMB = 110; // pixels of the screen

// The weight of the region under the place (x, y), given as shares of width and height.
export function weightAt({ weights, labels, width, height }, x, y) {
  return weights[labels[Math.floor(y * height) * width + Math.floor(x * width)]];
}

// Each pixel's weight in one layer minus that in another, on the pixels of the first.
export function subtract(one, other) {
  const { width, height } = one, found = new Float32Array(width * height);
  for (let y = 0, i = 0; y < height; y++) {
    for (let x = 0; x < width; x++, i++) {
      found[i] = one.weights[one.labels[i]] - weightAt(other, (x + 0.5) / width, (y + 0.5) / height);
    }
  }
  return found;
}

// Which layer minus which: [plus, minus, in words], null where there is nothing to compare with.
export function pairOf(mine, pinned, other) {
  if (pinned) return [mine, pinned, "now minus pinned"];
  if (!other?.root.isConnected) return null;
  const first = mine.root.compareDocumentPosition(other.root) & Node.DOCUMENT_POSITION_FOLLOWING;
  return first ? [mine, other, "left minus right"] : [other, mine, "left minus right"];
}

// The pinned picture, small, with what it shows. change(layer or null): something was pinned, or nothing is any more.
// tell(on): a click pins, or unpins, in the group's other pictures, too, so that the photographs stay side by side.
export function makePin(layerNow, pictureNow, change, tell) {
  const both = (on) => {
    set(on);
    tell(on);
  };
  const set = (on) => (on ? show(layerNow()) : hide());
  const pin = button("Pin", () => both(true), {
    title: "Keep a snapshot of what is shown now, to compare later settings with (view: difference)",
  });
  const picture = make("canvas", { role: "img" }), text = make("p", { class: "sx-soft", dir: "auto" });
  const unpin = button("Unpin", () => {
    both(false);
    pin.focus();
  }, { title: "Forget the snapshot" });
  const element = make("div", { class: "sx-pin", hidden: true }, picture, make("div", {}, text, unpin));
  function show(layer) {
    const from = pictureNow();
    picture.width = THUMB;
    picture.height = Math.round((THUMB * from.height) / from.width);
    picture.getContext("2d").drawImage(from, 0, 0, picture.width, picture.height);
    text.textContent = `Pinned: ${layer.title}`;
    picture.setAttribute("aria-label", text.textContent);
    element.hidden = false;
    change(layer);
  }
  function hide() {
    element.hidden = true;
    change(null);
  }
  return { pin, element, set };
}
