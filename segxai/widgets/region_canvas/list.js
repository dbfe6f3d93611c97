// The list of regions: a bar chart whose bars are switches. For the keyboard it is one stop, whatever the number of regions.

import { button, make } from "../shared/elements.js";
import { percent, signed } from "../shared/numbers.js";

// actions: toggle(k), point(k), menu(k, anchor).
export function makeList(actions) {
  const element = make("ul", { class: "sx-list", "aria-label": "Regions and their weights" });
  let rows = [], order = [], stop = 0;

  function show({ weights, names, areas, limit }) {
    const focused = rows.findIndex((row) => row?.contains(document.activeElement));
    order = orderOf(weights);
    rows = [];
    element.replaceChildren(...order.map((k) => {
      rows[k] = makeRow({ k, name: names[k], weight: weights[k], area: areas[k], limit }, actions);
      return make("li", {}, rows[k], menuButton(k, names[k], actions));
    }));
    if (!(stop < order.length)) stop = 0;
    setStop(stop);
    if (focused >= 0) rows[focused]?.focus();
  }

  function setStop(place) {
    stop = place;
    order.forEach((k, i) => rows[k].setAttribute("tabindex", i === place ? "0" : "-1"));
  }

  function mark(current, off) {
    rows.forEach((row, k) => {
      row.classList.toggle("sx-lit", k === current);
      row.classList.toggle("sx-gone", off.has(k));
      row.setAttribute("aria-checked", String(!off.has(k)));
    });
  }

  element.addEventListener("focusin", ({ target }) => {
    const place = order.findIndex((k) => rows[k] === target);
    if (place >= 0) setStop(place);
  });
  element.addEventListener("keydown", (event) => {
    const moves = { ArrowDown: stop + 1, ArrowUp: stop - 1, Home: 0, End: order.length - 1 };
    const menu = event.key === "ContextMenu" || event.key === "m" || (event.key === "F10" && event.shiftKey);
    if (event.key in moves) rows[order[Math.max(0, Math.min(order.length - 1, moves[event.key]))]].focus();
    else if (menu) actions.menu(order[stop], rows[order[stop]]);
    else return;
    event.preventDefault();
    event.stopPropagation();
  });
  return { element, show, mark, rowOf: (k) => rows[k] };
}

function makeRow({ k, name, weight, area, limit }, { toggle, point }) {
  const share = Math.max(-1, Math.min(1, weight / limit));
  const bar = make("span", { class: `sx-bar ${share < 0 ? "sx-minus" : "sx-plus"}`, "aria-hidden": "true" }, make("span"));
  bar.firstChild.style.width = `${50 * Math.abs(share)}%`;
  return make("button", {
    type: "button", class: "sx-row", role: "switch", "aria-checked": "true", "data-region": k, tabindex: -1,
    title: `${name}: click to switch it off and on`,
    "aria-label": `${name}: weight ${signed(weight)}, ${percent(area)} of the photograph`,
    onclick: () => toggle(k), onpointerenter: () => point(k), onpointerleave: () => point(-1), onfocus: () => point(k),
  },
    make("span", { class: "sx-name", dir: "auto", text: name }), bar,
    make("span", { class: "sx-number", text: signed(weight) }), make("span", { class: "sx-area", text: percent(area) }));
}

const menuButton = (k, name, { menu }) => {
  const opener = button("⋯", () => menu(k, opener), {
    class: "sx-more", tabindex: -1, "aria-label": `More for ${name}`, title: "Show only this, rename, merge, divide (key m)",
  });
  return opener;
};

// Numbers of the regions, the largest weights of either sign first.
export const orderOf = (weights) => weights.map((_, k) => k).sort((a, b) => Math.abs(weights[b]) - Math.abs(weights[a]) || a - b);
