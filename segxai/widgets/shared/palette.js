// Every colour with a meaning. Blue supports the class, orange opposes it, as in the figures (plots/draw.py).

export const BLUE = [11, 95, 165];
export const ORANGE = [213, 94, 0];
export const LIT = "#ffd400"; // the region that is pointed at
export const INK = "#1b1b1b";
export const STOPS = [ORANGE, [246, 178, 122], [247, 247, 247], [143, 191, 230], BLUE];

// The colour of a share between -1 and 1.
export function colourOf(share) {
  const place = 2 + 2 * Math.max(-1, Math.min(1, share)), low = Math.min(3, Math.floor(place));
  return STOPS[low].map((start, c) => Math.round(start + (place - low) * (STOPS[low + 1][c] - start)));
}

export const css = (colour) => `rgb(${colour.join(", ")})`;

// Classes that are painted: Okabe and Ito's colours, which differ for the colour-blind, too.
export const CLASS_COLOURS = [
  [128, 128, 128], [230, 159, 0], [86, 180, 233], [0, 158, 115], [240, 228, 66], [0, 114, 178], [213, 94, 0], [204, 121, 167],
];

export const colourOfClass = (id) => CLASS_COLOURS[id % CLASS_COLOURS.length];

// Classes of a fit: neighbouring numbers are far apart in lightness; the number is written on each class as well.
export const SHADES = [
  ORANGE, BLUE, [246, 178, 122], [143, 191, 230], [122, 54, 0], [7, 55, 99], [253, 227, 204], [214, 233, 248],
];
export const IGNORED_SHADE = [128, 128, 128];
