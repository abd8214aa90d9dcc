import type { Size } from '../../src/volume/index.ts';

/** A NIfTI-1 file (single, little-endian, uint8) with an sform, rows of the affine in RAS mm. */
export function niftiBytes(
  size: Size,
  affine: readonly (readonly number[])[],
  data: Uint8Array,
  sformCode = 1,
): Uint8Array {
  const bytes = new Uint8Array(352 + data.length);
  const view = new DataView(bytes.buffer);
  view.setInt32(0, 348, true);
  [3, ...size, 1, 1, 1, 1].forEach((n, index) => view.setInt16(40 + 2 * index, n, true));
  view.setInt16(70, 2, true);
  view.setInt16(72, 8, true);
  const steps = [0, 1, 2].map((axis) => Math.hypot(...affine.slice(0, 3).map((row) => row[axis]!)));
  [1, ...steps].forEach((step, index) => view.setFloat32(76 + 4 * index, step, true));
  view.setFloat32(108, 352, true);
  view.setInt16(254, sformCode, true);
  affine
    .slice(0, 3)
    .flat()
    .forEach((value, index) => view.setFloat32(280 + 4 * index, value, true));
  bytes.set([0x6e, 0x2b, 0x31, 0], 344);
  bytes.set(data, 352);
  return bytes;
}
