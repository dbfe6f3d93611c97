// The list of regions: a bar chart whose bars are switches. For the keyboard it is one stop, whatever the number of regions.

import { button, make } from "../shared/elements.js";
import { percent, signed } from "../shared/numbers.js";

// actions: toggle(k), point(k), menu(k, anchor), rename(k).
export function makeList(actions) {
  const list = make("ul", { class: "sx-list", "aria-label": "Regions and their weights" });
  const more = button("", () => {
    element.classList.toggle("sx-all");
    count();
  }, { class: "sx-rest", hidden: true, title: "Show all regions, or as many as fit" });
  const element = make("div", { class: "sx-regions" }, list, more);
  let rows = [], order = [], stop = 0, of = [];

  // Rows stay as long as their regions do, and where they are: weights and depth change with each step of a slider.
  // sources: the photograph and whose pixel is whose; leaves: what each region consists of.
  function show({ weights, names, areas, leaves, sources, limit, picture, fixedNames }) {
    const focused = rows.findIndex((row) => row.item.contains(document.activeElement));
    const kept = new Map(sources.every((each, i) => each === of[i]) ? rows.map((row) => [row.key, row]) : []);
    of = sources;
    rows = names.map((name, k) => {
      const key = JSON.stringify([name, areas[k], leaves[k]]);
      return kept.get(key) ?? makeRow({ key, name, area: areas[k], picture: picture(k) }, actions);
    });
    list.classList.toggle("sx-fixed-names", fixedNames);
    rows.forEach((row, k) => row.show(k, weights[k], limit));
    order = orderOf(weights);
    if (!arrange(order.map((k) => rows[k].item))) return;
    setStop(stop < order.length ? stop : 0);
    if (focused >= 0) rows[focused]?.button.focus();
  }

  // Whether anything had to move: to take all out and in again would lay out and paint all again.
  function arrange(items) {
    const wanted = new Set(items), gone = [...list.children].filter((item) => !wanted.has(item));
    gone.forEach((item) => item.remove());
    let place = list.firstChild, moved = gone.length > 0;
    for (const item of items) {
      if (item === place) place = place.nextSibling;
      else {
        list.insertBefore(item, place);
        moved = true;
      }
    }
    return moved;
  }

  // As many whole rows as fit, and how many more there are; the layout must be known.
  function count() {
    const all = element.classList.contains("sx-all"), height = list.scrollHeight / order.length, room = element.clientHeight;
    more.hidden = !all && order.length * height <= room;
    const fit = Math.max(1, Math.floor((room - more.offsetHeight) / height));
    list.style.maxHeight = all || more.hidden ? "" : `${fit * height}px`;
    more.textContent = all ? "Show as many as fit" : `and ${order.length - fit} more ↓`;
  }

  function setStop(place) {
    stop = place;
    order.forEach((k, i) => rows[k].button.setAttribute("tabindex", i === place ? "0" : "-1"));
  }

  function mark(current, off) {
    rows.forEach(({ button: row }, k) => {
      row.classList.toggle("sx-lit", k === current);
      row.classList.toggle("sx-gone", off.has(k));
      row.setAttribute("aria-checked", String(!off.has(k)));
    });
  }

  list.addEventListener("focusin", ({ target }) => {
    const place = order.findIndex((k) => rows[k].button === target);
    if (place >= 0) setStop(place);
  });
  list.addEventListener("keydown", (event) => {
    const moves = { ArrowDown: stop + 1, ArrowUp: stop - 1, Home: 0, End: order.length - 1 };
    const menu = event.key === "ContextMenu" || event.key === "m" || (event.key === "F10" && event.shiftKey);
    if (event.key in moves) rows[order[Math.max(0, Math.min(order.length - 1, moves[event.key]))]].button.focus();
    else if (menu) actions.menu(order[stop], rows[order[stop]].button);
    else if (event.key === "r" || event.key === "F2") actions.rename(order[stop]);
    else return;
    event.preventDefault();
    event.stopPropagation();
  });
  return { element, show, mark, count, rowOf: (k) => rows[k].button };
}

// { key, item, button, show(k, weight, limit) }; k: the region's number now.
function makeRow({ key, name, area, picture }, { toggle, point, rename, menu }) {
  let k = -1;
  const number = make("span", { class: "sx-number" });
  const bar = make("span", { "aria-hidden": "true" }, make("span"));
  const row = make("button", {
    type: "button", class: "sx-row", role: "switch", "aria-checked": "true", tabindex: -1,
    title: `${name}: click to switch it off and on`,
    onclick: () => toggle(k), onpointerenter: () => point(k), onpointerleave: () => point(-1), onfocus: () => point(k),
  },
    picture, make("span", { class: "sx-name", dir: "auto", text: name }), bar, number,
    make("span", { class: "sx-area", text: percent(area) }));
  function show(now, weight, limit) {
    k = now;
    row.dataset.region = k;
    const share = Math.max(-1, Math.min(1, weight / limit));
    bar.className = `sx-bar ${share < 0 ? "sx-minus" : "sx-plus"}`;
    bar.firstChild.style.width = `${50 * Math.abs(share)}%`;
    number.textContent = signed(weight);
    row.setAttribute("aria-label", `${name}: weight ${signed(weight)}, ${percent(area)} of the photograph`);
  }
  const item = make("li", {}, row, pencil(name, () => rename(k)), menuButton(name, (opener) => menu(k, opener)));
  return { key, item, button: row, show };
}

const pencil = (name, onclick) => make("button", {
  type: "button", class: "sx-pencil", tabindex: -1, "aria-label": `Rename ${name}`, title: "Rename, merge or divide (key r)",
  onclick,
});

const menuButton = (name, open) => {
  const opener = button("⋯", () => open(opener), {
    class: "sx-more", tabindex: -1, "aria-label": `More for ${name}`, title: "Show only this, merge, divide (key m)",
  });
  return opener;
};

// Numbers of the regions, the largest weights of either sign first.
export const orderOf = (weights) => weights.map((_, k) => k).sort((a, b) => Math.abs(weights[b]) - Math.abs(weights[a]) || a - b);
