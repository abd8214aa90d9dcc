import type { Volume } from './types.ts';

/** How voxels are stored: bytes for values of 0..1, else 16-bit integers where the values are, else 32-bit floats. */
export type NiftiStorage = 'unit-bytes' | 'integers';

const headerBytes = 352;
const uint8 = 2;
const int16 = 4;
const float32 = 16;

/**
 * A NIfTI-1 file (nifti.nimh.nih.gov, nifti1.h) of a volume: one file, little endian, its place as the sform in mm.
 * `window` is what a viewer shows from black to white (cal_min, cal_max).
 * NIfTI counts x towards Right and y towards Anterior where LPS counts Left and Posterior, so both change sign.
 */
export function encodeNifti(
  volume: Volume,
  storage: NiftiStorage,
  window: { readonly low: number; readonly high: number } = { low: 0, high: 1 },
): Uint8Array {
  const { type, bytes, slope } = store(volume.data, storage);
  const file = new Uint8Array(headerBytes + bytes.length);
  const view = new DataView(file.buffer);
  view.setInt32(0, 348, true);
  [3, ...volume.size, 1, 1, 1, 1].forEach((value, index) => view.setInt16(40 + index * 2, value, true));
  view.setInt16(70, type, true);
  view.setInt16(72, (bytes.length / volume.data.length) * 8, true);
  [1, ...volume.spacingMm, 1, 1, 1, 1].forEach((value, index) =>
    view.setFloat32(76 + index * 4, value, true),
  );
  view.setFloat32(108, headerBytes, true);
  view.setFloat32(112, slope, true);
  view.setFloat32(124, window.high, true);
  view.setFloat32(128, window.low, true);
  // millimetres
  view.setUint8(123, 2);
  // sform: scanner coordinates
  view.setInt16(254, 1, true);
  affineRas(volume).forEach((value, index) => view.setFloat32(280 + index * 4, value, true));
  file.set(Buffer.from('n+1\0', 'latin1'), 344);
  file.set(bytes, headerBytes);
  return file;
}

function store(
  data: Float32Array,
  storage: NiftiStorage,
): { type: number; bytes: Uint8Array; slope: number } {
  if (storage === 'unit-bytes') {
    const bytes = new Uint8Array(data.length);
    for (let index = 0; index < data.length; index += 1) bytes[index] = Math.round(data[index]! * 255);
    return { type: uint8, bytes, slope: 1 / 255 };
  }
  const shorts = shortsOf(data);
  if (shorts === null) return { type: float32, bytes: new Uint8Array(data.slice().buffer), slope: 1 };
  return { type: int16, bytes: new Uint8Array(shorts.buffer), slope: 1 };
}

/** Null where a value is no 16-bit integer. */
function shortsOf(data: Float32Array): Int16Array | null {
  const shorts = new Int16Array(data.length);
  for (let index = 0; index < data.length; index += 1) {
    const value = data[index]!;
    shorts[index] = value;
    // what does not fit comes back as something else
    if (shorts[index] !== value) return null;
  }
  return shorts;
}

/** Three rows of four: voxel index to mm, Right-Anterior-Superior. */
function affineRas({ spacingMm, directions, originLpsMm }: Volume): readonly number[] {
  return [-1, -1, 1].flatMap((sign, row) => [
    ...directions.map((direction, axis) => sign * direction[row]! * spacingMm[axis]!),
    sign * originLpsMm[row]!,
  ]);
}
