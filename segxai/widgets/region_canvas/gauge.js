// Beside the picture: the output for the class with everything shown and with what is on now, what it rests on, and the
// outputs for the other classes.

import { make, nameIn } from "../shared/elements.js";
import { FAINT, outputText, short, signed } from "../shared/numbers.js";

const MOST_SHOWN = 60; // code points of a class's name, or of a region's

export function makeGauge() {
  const line = make("p", { class: "sx-gauge", "aria-live": "polite" }), answer = make("p", { class: "sx-answer" });
  const classes = make("ul", { class: "sx-classes", "aria-label": "Outputs for the classes" });
  let shown = "";
  function show(state) {
    const { table, target, whole, now, off } = state, next = JSON.stringify([table.classes, target, whole, now, off.size]);
    if (next === shown) return; // weights change more often than what the classifier predicts
    shown = next;
    showLine(line, state);
    showClasses(classes, state);
  }
  return { line, answer, classes, show, showAnswer: (state) => answer.replaceChildren(...answerOf(state)) };
}

// Of the whole photograph, whatever is off: the region that supports the class most, and the outputs without that region.
function answerOf({ table, target, versus, name, weight, without }) {
  const rather = versus ? ["Rather than ", nameIn(short(versus, MOST_SHOWN)), ", supported"] : ["Supported"];
  if (weight < FAINT) return [...rather, " by no region."];
  const [left, rival] = [target, versus].map((each) => without.values[table.classes.indexOf(each)] ?? null);
  const given = (value) => make("b", { text: outputText(value, table.output) });
  const found = left === null ? [] : ["; without it ", given(left), ...(rival === null ? [] : [" against ", given(rival)])];
  return [...rather, " most by “", nameIn(short(name, MOST_SHOWN)), `” (${signed(weight)})`, ...found,
    found.length && without.estimated ? " (estimated)." : "."];
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
