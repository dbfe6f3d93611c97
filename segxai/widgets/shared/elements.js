// Elements of a page. Texts are set as text, never as HTML: names come from users.

function filled(node, props, children) {
  for (const [key, value] of Object.entries(props)) {
    if (key === "text") node.textContent = value;
    else if (key.startsWith("on")) node.addEventListener(key.slice(2), value);
    else if (value === true) node.setAttribute(key, "");
    else if (value !== false && value != null) node.setAttribute(key, value);
  }
  node.append(...children);
  return node;
}

export const make = (tag, props = {}, ...children) => filled(document.createElement(tag), props, children);

export const makeSvg = (tag, props = {}, ...children) =>
  filled(document.createElementNS("http://www.w3.org/2000/svg", tag), props, children);

export const button = (text, onclick, more = {}) => make("button", { type: "button", text, onclick, ...more });

export const range = (min, max, step) => make("input", { type: "range", min, max, step });

let madeIds = 0;
export const freshId = (what) => `segxai-${what}-${Date.now().toString(36)}-${madeIds++}`;

// A labelled control: the label names it for screen readers too. hint: what it does, shown on hover.
export function labelled(text, control, after = "", hint = "") {
  control.id ||= freshId("control");
  return make("span", { class: "sx-field", title: hint || null }, make("label", { for: control.id, text }), control, after);
}

export const toolbar = (name, ...children) => make("div", { class: "sx-toolbar", role: "group", "aria-label": name }, ...children);

// A name in a sentence, which it may not turn around where it is written from right to left.
export const nameIn = (text) => make("bdi", { text });
