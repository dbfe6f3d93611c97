// The situation that a saved page shows, in the address after "#": as a link or a file it leads others to the same view, and
// Back undoes. Only what differs from the page's beginning stands there.

const SWITCH = new Map([["true", true], ["false", false]]);
const REST = 400; // ms: a slider that moves makes one entry of the history

// slots: { name: { get() -> text, set(text) } }; set ignores what makes no sense, for anybody can write an address.
// Returns what to call after every change. A page may hold several explorers: prefix tells them apart.
export function keepInAddress(prefix, slots) {
  const names = Object.keys(slots), first = Object.fromEntries(names.map((name) => [name, slots[name].get()]));
  let waiting, restoring = false;

  function note() {
    if (restoring) return;
    clearTimeout(waiting);
    waiting = setTimeout(write, REST);
  }

  function write() {
    const params = new URLSearchParams(location.hash.slice(1));
    for (const name of names) {
      const text = slots[name].get();
      if (text === first[name]) params.delete(prefix + name);
      else params.set(prefix + name, text);
    }
    if (`#${params}` !== (location.hash || "#")) history.pushState(null, "", `#${params}`);
  }

  function restore() {
    const params = new URLSearchParams(location.hash.slice(1));
    restoring = true;
    for (const name of names) {
      const text = params.get(prefix + name) ?? first[name];
      if (text !== slots[name].get()) slots[name].set(text);
    }
    restoring = false;
  }

  addEventListener("popstate", restore); // Back, Forward, and an address that is edited
  restore();
  return note;
}

// A slot for each control of a form; what a control does not offer is ignored.
export function formSlots(form, prefix = "") {
  const slot = ({ key, kind, options, min, max }) => ({
    get: () => String(form.get("values")[key]),
    set(text) {
      const number = Number(text);
      const value = kind === "select" ? options.map(([option]) => option).find((option) => option === text)
        : kind === "check" ? SWITCH.get(text)
          : text !== "" && number >= min && number <= max ? number : undefined;
      if (value !== undefined) form.set("values", { ...form.get("values"), [key]: value });
    },
  });
  return Object.fromEntries(form.get("fields").map((field) => [prefix + field.key, slot(field)]));
}

const VIEWS = ["weights", "difference", "borders", "photograph"];

// What of a canvas is in the address: its view, and the regions that are off. modelOf() is null until the canvas is shown.
export function canvasSlots(modelOf, prefix = "") {
  return {
    [`${prefix}view`]: {
      get: () => modelOf()?.get("view") ?? "weights",
      set(text) { if (VIEWS.includes(text)) modelOf()?.set("view", text); },
    },
    [`${prefix}off`]: {
      get: () => (modelOf()?.get("off") ?? []).join("."),
      set(text) {
        const model = modelOf(), asked = new Set(text.split("."));
        model?.set("off", model.get("names").map((_, k) => k).filter((k) => asked.has(String(k))));
      },
    },
  };
}
