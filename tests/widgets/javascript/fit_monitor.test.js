import assert from "node:assert/strict";
import { test } from "node:test";
import { Frames, meanOf, planesOf } from "../../../segxai/widgets/fit_monitor/frames.js";

test("planes of probability lie below each other", () => {
  const grey = [10, 20, 30, 40], data = grey.flatMap((v) => [v, v, v, 255]);
  const planes = planesOf({ data, width: 1, height: 4 }, 2);
  assert.deepEqual([planes.width, planes.height, planes.of.map((p) => [...p])], [1, 2, [[10, 20], [30, 40]]]);
});

test("the mean leaves out what is missing", () => {
  assert.equal(meanOf([1, null, 2]), 1.5);
  assert.equal(meanOf([null, undefined]), null);
});

test("a new run forgets the one before, and what is late of an old run does not count", () => {
  const frames = new Frames(2);
  assert.ok(frames.begin({ run: 1, settings: [1] }));
  frames.steps.set(1, { iteration: 1 });
  assert.ok(frames.begin({ run: 1, settings: [1] }));
  assert.equal(frames.all().length, 1);
  assert.ok(frames.begin({ run: 2, settings: [2] }));
  assert.deepEqual([frames.all(), frames.settings], [[], [2]]);
  assert.ok(!frames.begin({ run: 1, settings: [1] }));
  frames.steps.set(2, { iteration: 2 });
  frames.steps.set(1, { iteration: 1 });
  frames.end = { iteration: 2, final: true };
  assert.deepEqual(frames.all().map((f) => [f.iteration, Boolean(f.final)]), [[1, false], [2, false], [2, true]]);
});

test("work is done in the order in which it came", async () => {
  const frames = new Frames(1), order = [];
  frames.later(async () => { await new Promise((done) => setTimeout(done, 10)); order.push("slow"); });
  await frames.later(() => order.push("quick"));
  assert.deepEqual(order, ["slow", "quick"]);
});
