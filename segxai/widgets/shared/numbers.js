// Numbers and names as texts.

export const FAINT = 0.0005; // weights below are written as 0, so they must not fill a scale of colours or bars

// What is rounded to zero has no sign.
export function signed(value, digits = 3) {
  const text = Math.abs(value).toFixed(digits);
  return Number(text) === 0 ? "0" : (value < 0 ? "−" : "+") + text;
}

// Without a minus for what is rounded to zero.
export const fixed = (value, digits) => value.toFixed(digits).replace(/^-(?=[0.]*$)/, "");

export const percent = (share) => `${fixed(100 * share, 1)} %`;

// A classifier's value; what is no probability comes with its name.
export const outputText = (value, output) => (output === "probability" ? percent(value) : `${output} ${fixed(value, 3)}`);

export const brief = (value) =>
  Math.abs(value) >= 1e6 ? value.toExponential(1).replace("e+", "e") : value.toLocaleString("en", { maximumSignificantDigits: 3 });

// On an axis: 300k instead of 300,000, which would not fit.
export const onAxis = (value) => (value >= 10_000 && value < 1e6 ? `${value / 1000}k` : brief(value));

export const whole = (value) => (value >= 1e6 ? brief(value) : Math.round(value).toLocaleString("en"));

export const counted = (count, noun) => `${count} ${noun}${count === 1 ? "" : "s"}`;

// By code points: a text cut at its UTF-16 units could end in half an emoji.
export function short(text, most) {
  const points = [...text];
  return points.length > most ? `${points.slice(0, most - 1).join("")}…` : text;
}

// 0, and up to five round numbers above it.
export function roundTicks(most) {
  const power = 10 ** Math.floor(Math.log10(most / 4));
  const gap = [1, 2, 5, 10].map((n) => n * power).find((n) => most / n <= 5);
  const ticks = [];
  for (let n = 0; n * gap <= most * 1.0001; n++) ticks.push(n * gap);
  return ticks;
}
