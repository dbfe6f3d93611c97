// How much room a picture has, and the whole screen for it.

import { button } from "../shared/elements.js";

const LEAST = 280; // pixels of the screen
const BELOW = 84; // what stands under the picture: the line about the region that is pointed at, and the legend

const scrolls = (element) =>
  /auto|scroll/.test(getComputedStyle(element).overflowY) && element.scrollHeight > element.clientHeight + 1;

// The height that is left for `stage` in the window, or in what scrolls around it, under what stands above: all of the page
// where that is less than half a window, else the controls of `whole` alone, which one scrolls to.
export function roomFor(stage, whole) {
  let around = whole.parentElement;
  if (document.fullscreenElement?.contains(stage)) around = document.fullscreenElement;
  else while (around && around !== document.body && !scrolls(around)) around = around.parentElement;
  const inWindow = !around || around === document.body;
  const height = inWindow ? window.innerHeight : around.clientHeight;
  const start = inWindow ? -window.scrollY : around.getBoundingClientRect().top - around.scrollTop;
  const top = stage.getBoundingClientRect().top, above = top - start;
  const controls = top - whole.getBoundingClientRect().top;
  return Math.round(Math.max(LEAST, height - (above < height / 2 ? above : controls) - BELOW));
}

// What is presented: the explorer with all its panes, else the canvas alone.
export const wholeOf = (root) => root.closest(".segxai-explorer") ?? root;

export function presentButton(root) {
  return button("Present", () => {
    if (document.fullscreenElement) document.exitFullscreen();
    else wholeOf(root).requestFullscreen();
  }, { class: "sx-present", title: "Fill the screen, with larger type; Escape returns" });
}
