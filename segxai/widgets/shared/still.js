// Stands for the kernel's side of a widget in a page that has none: it keeps the state and passes changes on to the views.

export function stillModel(state) {
  const listeners = new Map();
  const each = (events, act) => events.split(" ").forEach(act);
  return {
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

export const stillState = (text) =>
  JSON.parse(text, (_, value) =>
    value && typeof value === "object" && "base64" in value ? Uint8Array.from(atob(value.base64), (c) => c.charCodeAt(0)) : value);
