import { labelComponents, planeDistanceMm, type Volume } from '../../volume/index.ts';
import { boneHu, brainHu } from './hounsfield.ts';

/** Fine enough for the vault, which is 5 mm thick; coarse enough for a fraction of a second. */
const pitchMm = 2.5;
const slicePitchMm = 3;
/** The vertex: the highest slice in which the skull encloses this much, as of tissue in the manifest's rule. */
const smallestSliceMm2 = 2000;
/** Below the vertex lies brain for 140 mm; from here on down jaw and neck lie beside it, which need not be seen. */
const vaultMm = 120;

/** What the skull encloses, on a coarse grid of the volume: every step-th column, row and slice. */
export interface Skull {
  /** Of the volume: its highest slice with skull about it. */
  readonly vertexSlice: number;
  /** Middle column and row of the vault, of the volume. */
  readonly middle: readonly [number, number];
  /** Columns, rows and slices of the volume that hold brain, or what is as dense, in the vault; and how much each stands for. */
  readonly brain: readonly (readonly [number, number, number])[];
  readonly millilitresEach: number;
}

/**
 * The largest piece of bone and what it encloses, row by row and column by column: openings and defects of the skull matter
 * little, and pads, rests and table lie outside. Null without a skull.
 */
export function skullOf(volume: Volume): Skull | null {
  const { size, spacingMm } = volume;
  const apartMm = planeDistanceMm(volume);
  const steps = [
    Math.max(1, Math.round(pitchMm / spacingMm[0])),
    Math.max(1, Math.round(pitchMm / spacingMm[1])),
    Math.max(1, Math.round(slicePitchMm / apartMm)),
  ] as const;
  const coarse = sampled(volume, steps);
  const [nx, ny, nz] = coarse.size;
  const inside = enclosed(largestBone(coarse), coarse.size);
  const pixelMm2 = steps[0] * spacingMm[0] * steps[1] * spacingMm[1];
  const plane = nx * ny;
  const areaOf = (slice: number): number =>
    inside.subarray(slice * plane, (slice + 1) * plane).reduce((sum, one) => sum + one, 0) * pixelMm2;
  let top = nz - 1;
  while (top >= 0 && areaOf(top) < smallestSliceMm2) top -= 1;
  if (top < 0) return null;
  const bottom = Math.max(0, top - Math.floor(vaultMm / (steps[2] * apartMm)));
  const box = { columns: [Infinity, -Infinity], rows: [Infinity, -Infinity] };
  const brain: (readonly [number, number, number])[] = [];
  for (let index = bottom * plane; index < (top + 1) * plane; index += 1) {
    if (inside[index] === 0) continue;
    const column = (index % nx) * steps[0];
    const row = (Math.floor(index / nx) % ny) * steps[1];
    box.columns = [Math.min(box.columns[0]!, column), Math.max(box.columns[1]!, column)];
    box.rows = [Math.min(box.rows[0]!, row), Math.max(box.rows[1]!, row)];
    const hu = coarse.data[index]!;
    if (hu >= brainHu[0] && hu <= brainHu[1]) brain.push([column, row, Math.floor(index / plane) * steps[2]]);
  }
  return {
    vertexSlice: Math.min(size[2] - 1, top * steps[2]),
    middle: [(box.columns[0]! + box.columns[1]!) / 2, (box.rows[0]! + box.rows[1]!) / 2],
    brain,
    millilitresEach: (pixelMm2 * steps[2] * apartMm) / 1000,
  };
}

function sampled(
  { data, size }: Volume,
  [stepX, stepY, stepZ]: readonly [number, number, number],
): Pick<Volume, 'data' | 'size'> {
  const coarse = [
    Math.ceil(size[0] / stepX),
    Math.ceil(size[1] / stepY),
    Math.ceil(size[2] / stepZ),
  ] as const;
  const out = new Float32Array(coarse[0] * coarse[1] * coarse[2]);
  let at = 0;
  for (let z = 0; z < size[2]; z += stepZ)
    for (let y = 0; y < size[1]; y += stepY)
      for (let x = 0; x < size[0]; x += stepX) {
        out[at] = data[x + size[0] * (y + size[1] * z)]!;
        at += 1;
      }
  return { data: out, size: coarse };
}

function largestBone({ data, size }: Pick<Volume, 'data' | 'size'>): Uint8Array {
  const dense = Uint8Array.from(data, (hu) => (hu > boneHu ? 1 : 0));
  const { labels, count } = labelComponents(dense, size, 26);
  const voxels = new Int32Array(count + 1);
  for (const label of labels) if (label > 0) voxels[label]! += 1;
  const largest = voxels.indexOf(voxels.reduce((most, one) => Math.max(most, one), 1));
  return Uint8Array.from(labels, (label) => (label === largest ? 1 : 0));
}

/** Between bone in its row and between bone in its column, slice by slice. */
function enclosed(bone: Uint8Array, [nx, ny, nz]: Volume['size']): Uint8Array {
  const out = new Uint8Array(bone.length);
  for (let z = 0; z < nz; z += 1) {
    const slice = bone.subarray(z * nx * ny, (z + 1) * nx * ny);
    const highest = new Int32Array(nx).fill(ny);
    const lowest = new Int32Array(nx).fill(-1);
    for (let index = 0; index < slice.length; index += 1) {
      if (slice[index] === 0) continue;
      const [x, y] = [index % nx, Math.floor(index / nx)];
      highest[x] = Math.min(highest[x]!, y);
      lowest[x] = Math.max(lowest[x]!, y);
    }
    for (let y = 0; y < ny; y += 1) {
      const row = slice.subarray(y * nx, (y + 1) * nx);
      const last = row.lastIndexOf(1);
      if (last < 0) continue;
      for (let x = row.indexOf(1); x <= last; x += 1)
        if (y >= highest[x]! && y <= lowest[x]!) out[x + nx * (y + ny * z)] = 1;
    }
  }
  return out;
}
