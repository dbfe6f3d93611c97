// A question with choices. Buttons and no radio buttons: their arrow keys would answer on the way to another choice.

import { button, freshId, make } from "../shared/elements.js";
import { listener, prepare, saveChanges } from "../shared/view.js";

function render({ model, el }) {
  const listen = listener(model), root = prepare(el, "sx-quiz"), id = freshId("question");
  const question = make("p", { class: "sx-question", id, text: model.get("question") });
  const choices = make("div", { class: "sx-choices", role: "group", "aria-labelledby": id });
  const verdict = make("strong"), said = make("span"), rationale = make("p");
  const feedback = make("div", { class: "sx-feedback", role: "status" });

  const buttons = model.get("choices").map(([choice]) => {
    const mark = make("span", { class: "sx-mark", "aria-hidden": "true", text: "○" });
    const made = button("", () => {
      model.set("chosen", choice);
      saveChanges(model);
    }, { "aria-pressed": "false" });
    made.append(mark, make("bdi", { text: choice }));
    return made;
  });
  choices.append(...buttons);

  function show() {
    const chosen = model.get("chosen"), at = model.get("choices").findIndex(([choice]) => choice === chosen);
    if (at < 0) return;
    const right = chosen === model.get("answer");
    buttons.forEach((each, i) => each.setAttribute("aria-pressed", String(i === at)));
    buttons[at].firstChild.textContent = right ? "✓" : "✗"; // it stays, so that what was tried is seen
    verdict.textContent = model.get("verdicts")[Number(right)];
    said.textContent = ` ${model.get("choices")[at][1]}`;
    rationale.textContent = right ? model.get("rationale") : ""; // a wrong answer leaves another try
    feedback.replaceChildren(make("p", {}, verdict, said), rationale);
    feedback.dataset.right = String(right);
  }

  root.append(question, choices, feedback);
  listen.model("change:chosen", show);
  show();
  return () => listen.end();
}

export default { render };
