// A view of a widget's model: its root element, what it listens to, and how its changes reach Python.

import { make } from "./elements.js";

// JupyterLab reads single keys as commands unless an element claims them.
export function prepare(el, name) {
  const root = make("div", { class: `segxai-widget ${name}`, "data-lm-suppress-shortcuts": "true" });
  // Some of its commands look at the focused element alone, and the arrow keys would not reach a slider.
  root.addEventListener("focusin", (event) => event.target.setAttribute("data-lm-suppress-shortcuts", "true"));
  el.append(root);
  return root;
}

// (key, value): the other views of this model see it at once, Python a moment after the last change.
export function committer(model, wait = 250) {
  let timer;
  const flush = () => {
    timer = undefined;
    saveChanges(model);
  };
  return (key, value) => {
    model.set(key, value);
    clearTimeout(timer);
    timer = setTimeout(flush, wait);
  };
}

export function saveChanges(model) {
  try {
    model.save_changes();
  } catch {
    // The kernel is gone, which the page shows.
  }
}

// Listeners that end together, when the view goes.
export function listener(model) {
  const ends = [];
  return {
    model(events, callback) {
      model.on(events, callback);
      ends.push(() => model.off(events, callback));
    },
    on(target, event, callback, options) {
      target.addEventListener(event, callback, options);
      ends.push(() => target.removeEventListener(event, callback, options));
    },
    ending(callback) { ends.push(callback); },
    end() { for (const end of ends.splice(0)) end(); },
  };
}
