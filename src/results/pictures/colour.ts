/** Anchors of the "inferno" map (perceptually even, safe for colour-blind readers), 0..1. */
const anchors: readonly (readonly [number, number, number])[] = [
  [40, 11, 84],
  [101, 21, 110],
  [159, 42, 99],
  [212, 72, 66],
  [245, 125, 21],
  [250, 193, 39],
  [252, 255, 164],
];

/** 256 colours, RGB one after another. */
export const heatColours: Uint8Array = buildTable();

/** Probability from which the overlay shows; below it the source is untouched. */
export const overlayFrom = 0.1;
/** Probability from which an overlay without colour is hatched. */
export const hatchedFrom = 0.5;
/** The overlay never hides more than this share of the source. */
export const overlayStrength = 0.6;

function buildTable(): Uint8Array {
  const table = new Uint8Array(256 * 3);
  for (let index = 0; index < 256; index += 1) {
    const position = (index / 255) * (anchors.length - 1);
    const low = Math.min(Math.floor(position), anchors.length - 2);
    for (let channel = 0; channel < 3; channel += 1) {
      const from = anchors[low]![channel]!;
      const to = anchors[low + 1]![channel]!;
      table[index * 3 + channel] = Math.round(from + (to - from) * (position - low));
    }
  }
  return table;
}
