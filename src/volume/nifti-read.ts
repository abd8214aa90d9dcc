import { isCompressed, decompress, isNIFTI, readHeader, readImage } from 'nifti-reader-js';
import { WillisError } from '../errors.ts';
import type { Vector } from './frame-geometry.ts';
import type { Size, Volume } from './types.ts';
import { dot, length } from './vectors.ts';

/**
 * A NIfTI-1 or NIfTI-2 image, gzipped or not, with its place in LPS (NIfTI's axes are RAS: x and y change sign). Throws
 * NIFTI_NOT_USABLE where it is none, holds no voxel type we know, tells no place (sform, qform), is sheared, or has more than one volume.
 */
export function readNifti(bytes: Uint8Array): Volume {
  try {
    return volumeOf(bytes);
  } catch (cause) {
    if (cause instanceof WillisError) throw cause;
    throw refuse(`it cannot be read (${(cause as Error).message})`, cause);
  }
}

function volumeOf(bytes: Uint8Array): Volume {
  const given = Uint8Array.from(bytes).buffer;
  const raw = isCompressed(given) ? Uint8Array.from(new Uint8Array(decompress(given))).buffer : given;
  if (!isNIFTI(raw)) throw refuse('it is no NIfTI file');
  const header = readHeader(raw);
  if (header.qform_code < 1 && header.sform_code < 1) throw refuse('it tells no place in the patient');
  const [dimensions = 0, nx = 1, ny = 1, nz = 1, ...more] = header.dims;
  if (more.slice(0, Math.max(0, dimensions - 3)).some((n) => n > 1)) throw refuse('it holds several volumes');
  const size: Size = [nx, ny, nz];
  const data = valuesOf(readImage(header, raw), header.datatypeCode, header.littleEndian);
  if (data.length !== nx * ny * nz) throw refuse('its voxels do not fill its dimensions');
  const slope = header.scl_slope === 0 || Number.isNaN(header.scl_slope) ? 1 : header.scl_slope;
  const intercept = Number.isNaN(header.scl_inter) ? 0 : header.scl_inter;
  return { size, ...placeOf(header.affine), data: data.map((value) => value * slope + intercept) };
}

function placeOf(
  affine: readonly (readonly number[])[],
): Pick<Volume, 'spacingMm' | 'originLpsMm' | 'directions'> {
  const column = (axis: number): Vector => [-affine[0]![axis]!, -affine[1]![axis]!, affine[2]![axis]!];
  const steps = [column(0), column(1), column(2)] as const;
  const spacingMm = steps.map(length) as unknown as Volume['spacingMm'];
  if (spacingMm.some((mm) => !(mm > 0))) throw refuse('an axis has no length');
  const directions = steps.map((step, axis) =>
    step.map((value) => value / spacingMm[axis]!),
  ) as unknown as Volume['directions'];
  const [x, y, z] = directions;
  if (Math.max(Math.abs(dot(x, y)), Math.abs(dot(x, z)), Math.abs(dot(y, z))) > 1e-3)
    throw refuse('its axes are not at right angles');
  return { spacingMm, originLpsMm: column(3), directions };
}

type Reader = (view: DataView, offset: number, littleEndian: boolean) => number;

/** Datatype codes of the NIfTI-1 header that images and masks come in, with their bytes. */
const readers: Readonly<Record<number, readonly [number, Reader]>> = {
  2: [1, (view, offset) => view.getUint8(offset)],
  4: [2, (view, offset, little) => view.getInt16(offset, little)],
  8: [4, (view, offset, little) => view.getInt32(offset, little)],
  16: [4, (view, offset, little) => view.getFloat32(offset, little)],
  64: [8, (view, offset, little) => view.getFloat64(offset, little)],
  256: [1, (view, offset) => view.getInt8(offset)],
  512: [2, (view, offset, little) => view.getUint16(offset, little)],
  768: [4, (view, offset, little) => view.getUint32(offset, little)],
};

function valuesOf(image: ArrayBuffer, code: number, littleEndian: boolean): Float32Array {
  const reader = readers[code];
  if (reader === undefined) throw refuse(`its voxel type ${code} is not read`);
  const [bytes, read] = reader;
  const view = new DataView(image);
  const data = new Float32Array(Math.floor(image.byteLength / bytes));
  for (let index = 0; index < data.length; index += 1) data[index] = read(view, index * bytes, littleEndian);
  return data;
}

function refuse(why: string, cause?: unknown): WillisError {
  return new WillisError(
    'NIFTI_NOT_USABLE',
    `The NIfTI file was refused: ${why}. Export it again, on the grid of the images.`,
    { cause },
  );
}
