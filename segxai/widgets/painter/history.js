// Steps to take back and to do again; the oldest are forgotten when they take too much memory.
export function makeHistory(mostBytes = 48e6) {
  const done = [], undone = [];
  const weight = (step) => step.before.length + step.after.length;
  return {
    add(step) {
      done.push(step);
      undone.length = 0;
      let bytes = done.reduce((sum, each) => sum + weight(each), 0);
      while (done.length > 1 && bytes > mostBytes) bytes -= weight(done.shift());
    },
    move(back) {
      const [from, to] = back ? [done, undone] : [undone, done];
      const step = from.pop();
      if (step) to.push(step);
      return step;
    },
    clear() { done.length = undone.length = 0; },
    get canUndo() { return done.length > 0; },
    get canRedo() { return undone.length > 0; },
  };
}
