// Above the picture: the output for the class with everything shown and with what is on now, and of the other classes.

import { make, nameIn } from "../shared/elements.js";
import { outputText, short } from "../shared/numbers.js";

const MOST_SHOWN = 60; // code points of a class's name

export function makeGauge() {
  const line = make("p", { class: "sx-gauge", "aria-live": "polite" });
  const classes = make("ul", { class: "sx-classes", "aria-label": "Outputs for the classes" });
  let shown = "";
  function show(state) {
    const { table, target, whole, now, off } = state, next = JSON.stringify([table.classes, target, whole, now, off.size]);
    if (next === shown) return; // weights change more often than what the classifier predicts
    shown = next;
    showLine(line, state);
    showClasses(classes, state);
  }
  return { line, classes, show };
}

function showLine(line, { table, target, whole, now, off }) {
  const at = table.classes.indexOf(target), name = make("b", {}, nameIn(short(target, MOST_SHOWN)));
  const parts = [name, " ", make("span", { class: "sx-whole", text: outputText(whole[at] ?? 0, table.output) })];
  if (off.size && now.values[at] !== null) {
    const fewer = now.values[at] < whole[at];
    const text = outputText(now.values[at], table.output);
    parts.push(" → ", make("span", { class: `sx-now ${fewer ? "sx-fell" : "sx-rose"}`, text }));
    if (now.estimated) parts.push(make("span", { class: "sx-soft", text: " (estimated from the weights)" }));
  }
  line.replaceChildren(...parts);
}

function showClasses(list, { table, target, whole, now }) {
  const largest = Math.max(...whole, ...now.values.map(Number), 1e-9);
  const width = (value) => `${(100 * Math.max(0, value)) / largest}%`; // no bar for what is below 0
  list.replaceChildren(...table.classes.map((name, c) => {
    const value = now.values[c], bar = make("span", { class: "sx-share-bar", "aria-hidden": "true" }, make("i"), make("b"));
    bar.firstChild.style.width = width(whole[c]); // with everything shown, as a pale bar
    bar.lastChild.style.width = width(Number(value));
    return make("li", { class: name === target ? "sx-target" : null },
      make("span", { class: "sx-class-name", dir: "auto", title: name, text: name }), bar,
      make("span", { class: "sx-number", text: value === null ? "–" : outputText(value, table.output) }));
  }));
}
