// The list of regions: a bar chart whose bars are switches.

import { make } from "../shared/elements.js";
import { percent, signed } from "../shared/numbers.js";

// actions: toggle(k), point(k); returns the list's element, and what draws it anew or marks its rows.
export function makeList({ toggle, point }) {
  const element = make("ul", { class: "sx-list", "aria-label": "Regions and their weights" });
  let rows = [];

  function show({ weights, names, areas, limit }) {
    const order = orderOf(weights);
    rows = [];
    element.replaceChildren(...order.map((k) => {
      const share = Math.max(-1, Math.min(1, weights[k] / limit));
      const bar = make("span", { class: `sx-bar ${share < 0 ? "sx-minus" : "sx-plus"}`, "aria-hidden": "true" }, make("span"));
      bar.firstChild.style.width = `${50 * Math.abs(share)}%`;
      const row = make("button", {
        type: "button", class: "sx-row", role: "switch", "aria-checked": "true", "data-region": k, title: names[k],
        "aria-label": `${names[k]}: weight ${signed(weights[k])}, ${percent(areas[k])} of the photograph`,
        onclick: () => toggle(k), onpointerenter: () => point(k), onpointerleave: () => point(-1), onfocus: () => point(k),
      });
      row.append(make("span", { class: "sx-name", dir: "auto", text: names[k] }), bar,
        make("span", { class: "sx-number", text: signed(weights[k]) }),
        make("span", { class: "sx-area", text: percent(areas[k]) }));
      rows[k] = row;
      return make("li", {}, row);
    }));
    return order;
  }

  function mark(current, off) {
    rows.forEach((row, k) => {
      row.classList.toggle("sx-lit", k === current);
      row.classList.toggle("sx-gone", off.has(k));
      row.setAttribute("aria-checked", String(!off.has(k)));
    });
  }

  return { element, show, mark };
}

// Numbers of the regions, the strongest support first.
export const orderOf = (weights) => weights.map((_, k) => k).sort((a, b) => weights[b] - weights[a] || a - b);
