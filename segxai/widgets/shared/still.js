// Stands for the kernel's side of a widget in a page that has none: it keeps the state and passes changes on to the views.

export function stillModel(state) {
  const listeners = new Map();
  const each = (events, act) => events.split(" ").forEach(act);
  return {
    still: true,
    get: (key) => state[key],
    set(key, value) {
      state[key] = value;
      for (const callback of [...(listeners.get(`change:${key}`) ?? [])]) callback();
    },
    on(events, callback) {
      each(events, (event) => listeners.set(event, [...(listeners.get(event) ?? []), callback]));
    },
    off(events, callback) {
      each(events, (event) => listeners.set(event, (listeners.get(event) ?? []).filter((other) => other !== callback)));
    },
    send() {},
    save_changes() {},
  };
}

// The state in a page's script, as report/state.py writes it: bytes stand once in `files`.
export function stillState(text) {
  const { state, files } = JSON.parse(text), bytes = files.map((file) => Uint8Array.from(atob(file), (c) => c.charCodeAt(0)));
  const revive = (value) => {
    if (Array.isArray(value)) return value.map(revive);
    if (value === null || typeof value !== "object") return value;
    if ("file" in value) return bytes[value.file];
    return Object.fromEntries(Object.entries(value).map(([key, each]) => [key, revive(each)]));
  };
  return revive(state);
}
