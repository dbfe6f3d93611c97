// One coalition seen three ways: the photograph that the classifier saw, its row in the table of coalitions, and the sum of
// weights that stands for it in the surrogate. What is pointed at in one of them is marked in all.

import { button, make, nameIn } from "../shared/elements.js";
import { kernelOf, rowWithout, sizesOf } from "../shared/algebra.js";
import { counted, fixed, short, signed } from "../shared/numbers.js";
import { paintSmall } from "./paint.js";

const MOST_ROWS = 60; // of the table
const WIDTH = 240; // pixels of the photograph
const MOST_SHOWN = 24; // code points of a name
const COLUMNS = {
  output: "What the classifier gives for this coalition",
  kernel: "How much the coalition counts for LIME: more, the nearer it is to the whole photograph",
  sum: "What the weights of the regions shown add up to: the surrogate's output",
};

// The rows nearest to the whole photograph, those with the fewest regions off first; `now`, where the table has it, stands above.
export function chooseRows(table, now, most = MOST_ROWS) {
  const sizes = sizesOf(table);
  const order = Array.from(sizes, (_, row) => row).sort((a, b) => sizes[b] - sizes[a] || b - a).slice(0, most);
  return now < 0 ? order : [now, ...order.filter((row) => row !== now)];
}

// The regions that are off in a row.
export const offIn = ({ count, masks }, row) =>
  new Set(Array.from({ length: count }, (_, k) => k).filter((k) => !masks[row * count + k]));

// What the surrogate has for a coalition.
export const predicted = ({ weights, intercept }, off) =>
  weights.reduce((sum, weight, k) => sum + (off.has(k) ? 0 : weight), intercept);

// A row in words: what is off, or what is on where that is less.
export function wordsFor(off, names) {
  if (off.size === 0) return "everything shown";
  if (off.size === names.length) return "nothing shown";
  const on = names.length - off.size, fewer = off.size <= on;
  const named = names.flatMap((name, k) => (off.has(k) === fewer ? [`“${short(name, MOST_SHOWN)}”`] : []));
  return `${fewer ? "without" : "only"} ${named.length > 2 ? counted(named.length, "region") : named.join(" and ")}`;
}

// canvas: it has level, table, explanation, settings, off and names; point(k) marks a region, setOff(regions) switches.
export function makeCoalition(canvas) {
  const picture = make("canvas", { role: "img", width: WIDTH, height: WIDTH }), sum = make("p", { class: "sx-sum" });
  const head = make("tr"), body = make("tbody"), caption = make("caption");
  const rows = make("table", {}, caption, make("thead", {}, head), body);
  const scroller = make("div", { class: "sx-coalitions" }, rows);
  const summary = make("summary", {
    text: "One coalition, three ways", title: "The photograph, its row in the table, and the weights that are added up for it",
  });
  const element = make("details", { class: "sx-coalition" }, summary,
    make("div", { class: "sx-three" }, make("div", {}, picture, sum), scroller));
  let shown = -2, drawn = null; // the coalition: a row of the table, -1 for what is on now where the table lacks it

  const now = () => rowWithout(canvas.table, canvas.off);
  const offOf = (row) => (row < 0 ? canvas.off : offIn(canvas.table, row));

  // state: whatever the rows depend on has changed, or only which regions are off.
  function show() {
    element.hidden = Boolean(canvas.level.nodes);
    if (!element.open || element.hidden) return;
    const { table, names, explanation, settings } = canvas, lime = settings.method === "lime";
    const values = canvas.contrasted(), sizes = sizesOf(table), list = chooseRows(table, now());
    const cell = (number) => make("td", { class: "sx-number", text: fixed(number, 3) });
    const columns = Object.entries(COLUMNS).filter(([text]) => lime || text !== "kernel");
    head.replaceChildren(make("th", { scope: "col", text: "coalition" }),
      ...columns.map(([text, title]) => make("th", { scope: "col", class: "sx-number", text, title })),
      ...names.map((name, k) => make("th", { scope: "col", "data-k": k, title: name }, canvas.cutOut(k))));
    body.replaceChildren(...list.map((row) => {
      const off = offIn(table, row), words = wordsFor(off, names);
      return make("tr", { "data-row": row },
        make("th", { scope: "row" }, button(words, () => canvas.setOff(off), { title: `Show in the picture: ${words}` })),
        cell(values[row]), ...(lime ? [cell(kernelOf(sizes[row], table.count, settings.kernel_width))] : []),
        cell(predicted(explanation, off)),
        ...names.map((_, k) => make("td", { "data-k": k, class: off.has(k) ? "sx-zero" : null, text: off.has(k) ? "0" : "1" })));
    }));
    caption.textContent = list.length < table.rows
      ? `${list.length} of ${table.rows.toLocaleString("en")} coalitions: those nearest to the whole photograph` : "";
    drawn = values;
    preview(now());
  }

  // The coalition that is pointed at, else the present one.
  function preview(row) {
    shown = row;
    const { level, names, explanation } = canvas, { weights, intercept } = explanation, off = offOf(row);
    const { width, height } = level.scene, words = wordsFor(off, names);
    picture.height = Math.round((WIDTH * height) / width);
    picture.setAttribute("aria-label", `The photograph, ${words}`);
    const terms = names.map((name, k) => make("span", { class: "sx-term", "data-k": k, title: name },
      off.has(k) ? make("s", { text: signed(weights[k]) }) : signed(weights[k]), " ",
      make("small", {}, nameIn(short(name, MOST_SHOWN)))));
    const found = row < 0 ? "" : `; the classifier's ${canvas.table.output}: ${fixed(drawn[row], 3)}`;
    sum.replaceChildren(make("span", { class: "sx-term" }, fixed(intercept, 3), " ", make("small", { text: "nothing shown" })), " ",
      ...terms.flatMap((term) => [term, " "]), make("b", { text: `= ${fixed(predicted(explanation, off), 3)}` }), found);
    for (const each of body.children) each.classList.toggle("sx-lit", Number(each.dataset.row) === row);
    mark(canvas.current);
  }

  function mark(current) {
    if (!element.open) return;
    for (const each of element.querySelectorAll("[data-k]")) each.classList.toggle("sx-same", Number(each.dataset.k) === current);
    paintSmall(picture.getContext("2d"), canvas.level.scene, offOf(shown), current);
  }

  const rowAt = (target) => Number(target.closest("[data-row]")?.dataset.row ?? -2);
  const follow = ({ target }) => {
    if (rowAt(target) !== -2 && rowAt(target) !== shown) preview(rowAt(target));
    canvas.point(Number(target.closest("[data-k]")?.dataset.k ?? -1));
  };
  const leave = () => {
    canvas.point(-1);
    if (shown !== now()) preview(now());
  };
  canvas.listen.on(element, "toggle", show);
  canvas.listen.on(element, "pointerover", follow);
  canvas.listen.on(element, "focusin", follow);
  canvas.listen.on(element, "pointerleave", leave);
  canvas.listen.on(body, "focusout", (event) => { if (!body.contains(event.relatedTarget)) leave(); });
  canvas.listen.on(picture, "pointermove", (event) => {
    const box = picture.getBoundingClientRect();
    const spot = { x: (event.clientX - box.left) / box.width, y: (event.clientY - box.top) / box.height };
    canvas.point(canvas.regionAt(spot.x < 1 && spot.y < 1 ? spot : null));
  });
  return { element, show, mark };
}
