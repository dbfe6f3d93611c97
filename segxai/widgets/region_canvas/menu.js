// What can be done with one region besides switching it: a menu beside its row, and an editor in its place.

import { button, freshId, make } from "../shared/elements.js";

// entries: [text, act, usable]. The menu takes the focus, and gives it back to `anchor`.
export function openMenu(root, anchor, name, entries) {
  root.querySelector(".sx-menu")?.remove();
  let open = true;
  const close = (focus = true) => {
    if (!open) return; // an element that is removed loses the focus once more
    open = false;
    menu.remove();
    if (focus) anchor.focus();
  };
  const items = entries.filter(([, , usable = true]) => usable).map(([text, act]) => make("button", {
    type: "button", role: "menuitem", tabindex: -1, text,
    onclick: () => {
      close();
      act();
    },
  }));
  const menu = make("div", { class: "sx-menu", role: "menu", "aria-label": name }, ...items);
  menu.addEventListener("keydown", (event) => {
    const at = items.indexOf(document.activeElement), last = items.length - 1;
    const moves = { ArrowDown: at + 1, ArrowUp: at - 1, Home: 0, End: last };
    if (event.key in moves) items.at(moves[event.key] % items.length).focus();
    else if (event.key === "Escape" || event.key === "Tab") close();
    else return;
    event.preventDefault();
    event.stopPropagation();
  });
  menu.addEventListener("focusout", (event) => { if (!menu.contains(event.relatedTarget)) close(false); });
  anchor.closest("li, .sx-left").append(menu);
  items[0].focus();
}

// Lets a region be renamed in place of its row: a field that offers nouns, and beside it what else changes regions.
// nouns: what the region may be called; more: [text, act, hint]; done(name) is called with a new name.
export function editName(anchor, { name, nouns, more }, done) {
  const said = name.replace(/ \?$/, ""); // the mark of a guess is no part of the name
  const offered = make("datalist", { id: freshId("nouns") }, ...nouns.map((value) => make("option", { value })));
  const field = make("input", {
    type: "text", value: said, dir: "auto", list: offered.id, "aria-label": `New name of ${name}`, autocomplete: "off",
  });
  let open = true;
  const end = (keep) => {
    if (!open) return;
    open = false;
    const text = field.value.split(/\s+/).filter(Boolean).join(" ");
    strip.remove();
    row.classList.remove("sx-renaming");
    anchor.focus();
    if (keep && text && text !== name) done(text);
  };
  const others = more.map(([text, act, title]) => button(text, () => {
    end(false);
    act();
  }, { title }));
  const strip = make("span", { class: "sx-rename" }, field, offered, ...others), row = anchor.closest("li");
  strip.addEventListener("keydown", (event) => {
    event.stopPropagation(); // Lab and the list have keys of their own
    if (event.key !== "Escape" && !(event.key === "Enter" && event.target === field)) return;
    // The focus goes to the row while the key is down, which would switch the region as well.
    event.preventDefault();
    end(event.key === "Enter");
  });
  strip.addEventListener("focusout", (event) => { if (!strip.contains(event.relatedTarget)) end(true); });
  // The field keeps the focus until a button has done its work.
  strip.addEventListener("pointerdown", (event) => { if (event.target !== field) event.preventDefault(); });
  row.classList.add("sx-renaming");
  row.append(strip);
  field.focus();
  field.select();
}
