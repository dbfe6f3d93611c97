// The frames of a run: one for each iteration, and one after the last update, decoded in the order in which they came.

import { bytesOf, decode, numbersOf } from "../shared/pictures.js";

export class Frames {
  constructor(classes) {
    this.classes = classes;
    this.run = -1;
    this.settings = null; // that the run was started with
    this.steps = new Map();
    this.end = null;
    this.coming = Promise.resolve();
  }

  // Work that waits for all that came before.
  later(work) {
    this.coming = this.coming.then(work).catch((problem) => console.error(problem));
    return this.coming;
  }

  // Whether something of this run still counts; a new run forgets the one before.
  begin({ run, settings }) {
    if (run < this.run) return false;
    if (run > this.run) {
      this.run = run;
      this.steps = new Map();
      this.end = null;
    }
    this.settings = settings;
    return true;
  }

  async take(frame, labels, probabilities) {
    const known = frame.final ? this.end?.iteration === frame.iteration : this.steps.has(frame.iteration);
    if (known || (frame.final && this.steps.size > frame.iteration)) return;
    const decoded = {
      ...frame, labels: bytesOf(numbersOf(await decode(labels))), planes: planesOf(await decode(probabilities), this.classes),
    };
    if (frame.final) this.end = decoded;
    else {
      this.steps.set(frame.iteration, decoded);
      if (this.end && this.end.iteration < frame.iteration) this.end = null;
    }
  }

  all() {
    const ordered = [...this.steps.values()].sort((a, b) => a.iteration - b.iteration);
    return this.end ? [...ordered, this.end] : ordered;
  }
}

// The classes' probabilities, 0..255, lie below each other in one grey picture.
export function planesOf({ data, width, height }, count) {
  const each = height / count, of = [];
  for (let k = 0; k < count; k++) of.push(Uint8Array.from({ length: width * each }, (_, i) => data[4 * (k * width * each + i)]));
  return { width, height: each, of };
}

export const meanOf = (values) => {
  const there = values.filter((value) => value != null);
  return there.length ? there.reduce((a, b) => a + b) / there.length : null;
};
