// The state of the kernel behind a widget, as far as its page can see it.

import { make } from "./elements.js";

const GONE = ["dead", "starting", "restarting", "autorestarting", "terminating"];

// Shows a line at the top of `root` while the kernel cannot be reached, unless there is no note, and calls changed(away) with
// every change.
// After a restart the Python side of a widget no longer exists: that state is final.
export function watchKernel(model, root, listen, note, changed = () => {}) {
  const line = make("p", { class: "sx-away", role: "status" });
  root.prepend(line);
  const kernel = model.widget_manager?.kernel;
  let gone = false, before = null;
  const show = () => {
    gone ||= GONE.includes(kernel?.status);
    const away = Boolean(gone || (kernel && kernel.connectionStatus !== "connected"));
    line.textContent = away && note ? `Kernel disconnected. ${note}${gone ? " Re-run the cell to bring it back." : ""}` : "";
    root.classList.toggle("sx-kernel-away", away);
    if (away !== before) changed(away);
    before = away;
  };
  if (kernel) {
    for (const signal of [kernel.statusChanged, kernel.connectionStatusChanged, kernel.disposed]) {
      if (!signal) continue;
      const heard = () => {
        if (kernel.isDisposed) gone = true;
        show();
      };
      signal.connect(heard);
      listen.ending(() => signal.disconnect(heard));
    }
  }
  listen.model("comm_live_update", () => {
    if (model.comm_live === false) gone = true;
    show();
  });
  show();
}
