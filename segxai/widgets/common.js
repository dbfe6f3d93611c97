// What all widgets share. Python puts this text in front of each widget's own, so that a widget is one module and
// loads nothing from anywhere.

// An element. Texts are set as text, never as HTML: names come from users.
function make(tag, props = {}, ...children) {
  const node = document.createElement(tag);
  for (const [key, value] of Object.entries(props)) {
    if (key === "text") node.textContent = value;
    else if (key.startsWith("on")) node.addEventListener(key.slice(2), value);
    else if (value === true) node.setAttribute(key, "");
    else if (value !== false && value != null) node.setAttribute(key, value);
  }
  node.append(...children);
  return node;
}

let madeIds = 0;
const freshId = (what) => `segxai-${what}-${Date.now().toString(36)}-${madeIds++}`;

// A labelled control: the label names it for screen readers too.
function labelled(text, control, after = "") {
  control.id ||= freshId("control");
  return make("span", { class: "sx-field" }, make("label", { for: control.id, text }), control, after);
}

// JupyterLab reads single keys as commands unless told that somebody else wants them.
function prepare(el, name) {
  const root = make("div", { class: `segxai-widget ${name}`, "data-lm-suppress-shortcuts": "true" });
  // Some of its commands ask for the focused element itself, and the arrow keys would not reach a slider.
  root.addEventListener("focusin", (event) => event.target.setAttribute("data-lm-suppress-shortcuts", "true"));
  el.append(root);
  return root;
}

// set(key, value): the other views of this widget see it at once, Python a moment after the last change.
function committer(model, wait = 250) {
  let timer;
  const flush = () => {
    timer = undefined;
    try { model.save_changes(); } catch { /* Python is away; the page says so */ }
  };
  return (key, value) => {
    model.set(key, value);
    clearTimeout(timer);
    timer = setTimeout(flush, wait);
  };
}

// Listeners that end together, when the view goes.
function listener(model) {
  const ends = [];
  return {
    model(event, callback) { model.on(event, callback); ends.push(() => model.off(event, callback)); },
    on(target, event, callback, options) {
      target.addEventListener(event, callback, options);
      ends.push(() => target.removeEventListener(event, callback, options));
    },
    ending(callback) { ends.push(callback); },
    end() { for (const end of ends.splice(0)) end(); },
  };
}

// A line that appears when the kernel is gone. After a restart the Python side of this widget no longer exists.
function watchPython(model, root, listen, note) {
  const line = make("p", { class: "sx-away", role: "status" });
  root.append(line);
  const kernel = model.widget_manager?.kernel;
  let gone = false;
  const say = () => {
    gone ||= ["dead", "starting", "restarting", "autorestarting", "terminating"].includes(kernel?.status);
    const away = gone || (kernel && kernel.connectionStatus !== "connected");
    line.textContent = away ? `Python is away. ${note}${gone ? " Run the cell again to bring it back." : ""}` : "";
  };
  if (kernel) {
    for (const signal of [kernel.statusChanged, kernel.connectionStatusChanged, kernel.disposed]) {
      if (!signal) continue;
      const changed = () => { if (kernel.isDisposed) gone = true; say(); };
      signal.connect(changed);
      listen.ending(() => signal.disconnect(changed));
    }
  }
  listen.model("comm_live_update", () => { if (model.comm_live === false) gone = true; say(); });
  say();
}

// Pixels of a picture given as PNG or JPEG bytes, exactly as stored.
async function decode(bytes) {
  const bitmap = await createImageBitmap(new Blob([bytes]), { colorSpaceConversion: "none", premultiplyAlpha: "none" });
  const canvas = new OffscreenCanvas(bitmap.width, bitmap.height);
  const context = canvas.getContext("2d", { willReadFrequently: true });
  context.drawImage(bitmap, 0, 0);
  return context.getImageData(0, 0, bitmap.width, bitmap.height);
}

// Numbers of regions or classes are stored in red (low byte) and green (high byte).
function numbersOf(imageData) {
  const { data } = imageData;
  const numbers = new Uint16Array(data.length / 4);
  for (let i = 0; i < numbers.length; i++) numbers[i] = data[4 * i] | (data[4 * i + 1] << 8);
  return numbers;
}

const signed = (value, digits = 3) => {
  const text = Math.abs(value).toFixed(digits);
  return (value < 0 ? "−" : "+") + text;
};

// By code points: a text cut at its UTF-16 units could end in half an emoji.
function short(text, most) {
  const points = [...text];
  return points.length > most ? `${points.slice(0, most - 1).join("")}…` : text;
}

const percent = (share) => `${(100 * share).toFixed(1)} %`;

// Blue supports, orange speaks against, as in the static figures (plots.BLUE, plots.ORANGE).
const BLUE = [11, 95, 165], ORANGE = [213, 94, 0];
const STOPS = [ORANGE, [246, 178, 122], [247, 247, 247], [143, 191, 230], BLUE];

// The colour of a share between -1 and 1, as plots.ORANGE_BLUE has it.
function colourOf(share) {
  const place = 2 + 2 * Math.max(-1, Math.min(1, share)), low = Math.min(3, Math.floor(place));
  return STOPS[low].map((start, c) => Math.round(start + (place - low) * (STOPS[low + 1][c] - start)));
}
