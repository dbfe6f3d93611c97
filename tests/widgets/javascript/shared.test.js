import assert from "node:assert/strict";
import { test } from "node:test";
import { receive, send } from "../../../segxai/widgets/shared/messages.js";
import {
  brief, counted, onAxis, outputText, percent, roundTicks, short, signed, whole,
} from "../../../segxai/widgets/shared/numbers.js";
import { BLUE, colourOf, colourOfClass, css, ORANGE } from "../../../segxai/widgets/shared/palette.js";
import { arrayOf, numbersOf } from "../../../segxai/widgets/shared/pictures.js";
import { stillModel, stillState } from "../../../segxai/widgets/shared/still.js";
import { committer, listener } from "../../../segxai/widgets/shared/view.js";

test("numbers with their sign, and none where they are rounded to zero", () => {
  assert.deepEqual([0.1234, -0.1234, 0.0004, -0.0004, 0, -0].map((v) => signed(v)), ["+0.123", "−0.123", "0", "0", "0", "0"]);
  assert.equal(signed(-0.004, 2), "0");
  assert.equal(signed(-0.005001, 2), "−0.01");
});

test("numbers as people read them", () => {
  assert.equal(percent(0.0984), "9.8 %");
  assert.equal(outputText(0.0984, "probability"), "9.8 %");
  assert.equal(outputText(-2.5, "logit"), "logit -2.500");
  assert.equal(outputText(-0.0001, "logit"), "logit 0.000");
  assert.equal(outputText(-0.0001, "probability"), "0.0 %");
  assert.deepEqual([1234.5, 0.00012345, 3.2e7].map(brief), ["1,230", "0.000123", "3.2e7"]);
  assert.deepEqual([300000, 9000, 2e6].map(onAxis), ["300k", "9,000", "2.0e6"]);
  assert.deepEqual([1234.6, 5e6].map(whole), ["1,235", "5.0e6"]);
  assert.deepEqual([0, 1, 2].map((n) => counted(n, "region")), ["0 regions", "1 region", "2 regions"]);
});

test("a text is cut between characters, never inside one", () => {
  assert.equal(short("🚀".repeat(5), 3), "🚀🚀…");
  assert.equal(short("abc", 3), "abc");
});

test("ticks are round, begin at 0 and reach at least four fifths of the top", () => {
  for (const most of [0.7, 1, 3.3, 48, 99, 101, 18177, 3e6]) {
    const ticks = roundTicks(most), gap = ticks[1];
    assert.ok(ticks.length >= 2 && ticks.length <= 6 && ticks[0] === 0);
    assert.ok(ticks.at(-1) >= 0.79 * most && ticks.at(-1) <= most * 1.001);
    assert.ok([1, 2, 5].some((n) => Math.abs(Math.log10(gap / n) - Math.round(Math.log10(gap / n))) < 1e-9));
  }
});

test("the colour map is orange, white and blue at its ends and middle, and clips", () => {
  assert.deepEqual([-1, 0, 1].map(colourOf), [ORANGE, [247, 247, 247], BLUE]);
  assert.deepEqual(colourOf(7), BLUE);
  assert.deepEqual(colourOf(0.25), [195, 219, 239]);
  assert.equal(css(BLUE), "rgb(11, 95, 165)");
  assert.deepEqual(colourOfClass(9), colourOfClass(1));
});

test("numbers survive as pixels, and bytes as numbers", () => {
  assert.deepEqual([...numbersOf({ data: [5, 0, 0, 255, 1, 2, 0, 255] })], [5, 513]);
  const bytes = new Uint8Array([9, 9, 9, 9, 0, 0, 128, 63]);
  assert.deepEqual([...arrayOf(Float32Array, new DataView(bytes.buffer, 4, 4))], [1]); // an offset that no Float32Array takes
  assert.equal(arrayOf(Float32Array, undefined).length, 0);
});

test("a still model keeps its state, passes changes on, and forgets a listener", () => {
  const model = stillModel(stillState('{"state": {"a": 1, "in": [{"bytes": {"file": 0}}]}, "files": ["AQI="]}')), calls = [];
  assert.deepEqual([...model.get("in")[0].bytes], [1, 2]);
  const callback = () => calls.push(model.get("a"));
  model.on("change:a change:b", callback);
  model.set("a", 2);
  model.set("b", 3);
  model.off("change:a", callback);
  model.set("a", 4);
  model.set("b", 5);
  assert.deepEqual(calls, [2, 2, 4]);
});

test("listeners end together", () => {
  const model = stillModel({}), listen = listener(model), target = new EventTarget(), calls = [];
  listen.model("change:a", () => calls.push("model"));
  listen.on(target, "x", () => calls.push("target"));
  listen.ending(() => calls.push("end"));
  model.set("a", 1);
  target.dispatchEvent(new Event("x"));
  listen.end();
  model.set("a", 2);
  target.dispatchEvent(new Event("x"));
  assert.deepEqual(calls, ["model", "target", "end"]);
});

test("quick changes reach the model at once and Python together", async () => {
  let saved = 0;
  const model = { ...stillModel({}), save_changes: () => { saved++; } }, commit = committer(model, 5);
  commit("a", 1);
  commit("a", 2);
  commit("b", 3);
  assert.deepEqual([model.get("a"), saved], [2, 0]);
  await new Promise((done) => setTimeout(done, 30));
  assert.equal(saved, 1);
});

test("a message is { type, ...fields } with buffers, and an unknown one is ignored", () => {
  const sent = [], received = [], listeners = {};
  const model = { send: (...message) => sent.push(message), on: (event, callback) => { listeners[event] = callback; }, off() {} };
  send(model, "fit", { names: ["a"] }, [1]);
  send(model, "cancel");
  assert.deepEqual(sent, [[{ type: "fit", names: ["a"] }, undefined, [1]], [{ type: "cancel" }, undefined, []]]);
  receive(listener(model), model, { frame: (fields, buffers) => received.push([fields.run, buffers]) });
  const contents = [{ type: "frame", run: 3 }, { type: "toString" }, { type: "other" }, null, "frame"];
  for (const content of contents) listeners["msg:custom"](content, [7]);
  assert.deepEqual(received, [[3, [7]]]);
  send({ send() { throw new Error("no kernel"); } }, "stop");
});
