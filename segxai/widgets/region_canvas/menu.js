// What can be done with one region besides switching it: a menu beside its row.

import { make } from "../shared/elements.js";

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

// Lets a name be edited in place; done(name) is called with a new one.
export function editName(anchor, name, done) {
  const field = make("input", { type: "text", class: "sx-rename", value: name, dir: "auto", "aria-label": `New name of ${name}` });
  let open = true;
  const end = (keep) => {
    if (!open) return;
    open = false;
    const text = field.value.split(/\s+/).filter(Boolean).join(" ");
    field.remove();
    anchor.hidden = false;
    anchor.focus();
    if (keep && text && text !== name) done(text);
  };
  field.addEventListener("keydown", (event) => {
    event.stopPropagation();
    if (event.key === "Enter") end(true);
    else if (event.key === "Escape") end(false);
  });
  field.addEventListener("blur", () => end(true));
  anchor.hidden = true;
  anchor.after(field);
  field.focus();
  field.select();
}
