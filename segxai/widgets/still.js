// Stands for the kernel's side of a widget in a page that has none: it keeps the state and tells the views of changes.
function stillModel(state) {
  const heard = new Map();
  return {
    get: (key) => state[key],
    set(key, value) {
      state[key] = value;
      for (const callback of heard.get(`change:${key}`) || []) callback();
    },
    on(events, callback) {
      for (const event of events.split(" ")) heard.set(event, [...(heard.get(event) || []), callback]);
    },
    off() {},
    send() {},
    save_changes() {},
  };
}

function stillState(text) {
  return JSON.parse(text, (_, value) => value && typeof value === "object" && "base64" in value
    ? Uint8Array.from(atob(value.base64), (c) => c.charCodeAt(0)) : value);
}
