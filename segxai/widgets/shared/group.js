// What views of one group share through the page, without Python: the pointer, how pictures are shown, and the settings of the
// explanation. A group is a text; views without one share nothing.

import { freshId } from "./elements.js";

const EVENT = "segxai:shared";

// receivers: { key: (value) => ... }. Returns what sends (key, value) to the others of the group.
export function joinGroup(listen, group, receivers) {
  if (!group) return () => {};
  const me = freshId("view");
  listen.on(document, EVENT, ({ detail }) => {
    const meant = detail.group === group && detail.from !== me && Object.hasOwn(receivers, detail.key);
    if (meant) receivers[detail.key](detail.value, detail.from);
  });
  return (key, value) => document.dispatchEvent(new CustomEvent(EVENT, { detail: { group, from: me, key, value } }));
}
