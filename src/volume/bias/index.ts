import type { Size, Volume } from '../types.ts';
import {
  evaluateLattice,
  fitLattice,
  gridPositions,
  refineLattice,
  type Lattice,
  type Positions,
} from './lattice.ts';
import { sharpen } from './sharpen.ts';

export interface BiasOptions {
  /** The field is estimated on every n-th voxel along each axis: it is smooth, and the time falls by n^3. */
  readonly shrink: number;
  /** Fitting levels; each doubles the spans of the lattice, of which there is one at first. */
  readonly levels: number;
  readonly iterationsPerLevel: number;
  /** A level ends where the coefficient of variation of the field's change falls to this. */
  readonly convergence: number;
}

/** Four levels as N4's authors use it; every other constant is ITK's default. */
const defaultBiasOptions: BiasOptions = {
  shrink: 4,
  levels: 4,
  iterationsPerLevel: 50,
  convergence: 0.001,
};

/**
 * N4 bias field correction (Tustison et al., IEEE TMI 2010; ITK's N4BiasFieldCorrectionImageFilter): the volume divided by the slow
 * field that blurs its histogram least inside `mask` (1 inside; voxels of 0 and less are left out). A mask without such a voxel leaves
 * the volume as it is.
 */
export function correctBias(volume: Volume, mask: Uint8Array, options = defaultBiasOptions): Volume {
  const coarse = shrinkBy(volume, mask, options.shrink);
  const lattice = estimateBias(coarse.data, coarse.mask, coarse.size, options);
  if (lattice === null) return volume;
  const field = evaluateLattice(lattice, positionsIn(volume.size, coarse.size, options.shrink));
  const data = new Float32Array(volume.data.length);
  for (let index = 0; index < data.length; index += 1)
    data[index] = volume.data[index]! / Math.exp(field[index]!);
  return { ...volume, data };
}

/** Log of the bias field as a lattice over the grid; null where no voxel of the mask is above 0. */
export function estimateBias(
  data: Float32Array,
  mask: Uint8Array,
  size: Size,
  options: BiasOptions,
): Lattice | null {
  const included = mask.map((inside, index) => (inside === 1 && data[index]! > 0 ? 1 : 0));
  const voxels = Int32Array.from(placesOf(included));
  if (voxels.length < 2) return null;
  const problem = {
    logData: Float64Array.from(voxels, (voxel) => Math.log(data[voxel]!)),
    voxels,
    included,
    size,
  };
  let lattice: Lattice = { size: [4, 4, 4], values: new Float64Array(64) };
  for (let level = 0; level < options.levels; level += 1) {
    if (level > 0) lattice = refineLattice(lattice);
    lattice = fitLevel(problem, lattice, options);
  }
  return lattice;
}

function placesOf(included: Uint8Array): readonly number[] {
  const places: number[] = [];
  for (let index = 0; index < included.length; index += 1) if (included[index] === 1) places.push(index);
  return places;
}

interface Problem {
  /** Log intensities of the included voxels, in the order of `voxels`. */
  readonly logData: Float64Array;
  readonly voxels: Int32Array;
  readonly included: Uint8Array;
  readonly size: Size;
}

function fitLevel(problem: Problem, start: Lattice, options: BiasOptions): Lattice {
  const { logData, voxels, included, size } = problem;
  const positions = gridPositions(size);
  const residual = new Float64Array(included.length);
  const uncorrected = new Float64Array(logData.length);
  let lattice = start;
  let field = fieldAt(lattice, positions, voxels);
  for (let iteration = 0; iteration < options.iterationsPerLevel; iteration += 1) {
    for (let index = 0; index < voxels.length; index += 1)
      uncorrected[index] = logData[index]! - field[index]!;
    const sharpened = sharpen(uncorrected);
    for (let index = 0; index < voxels.length; index += 1)
      residual[voxels[index]!] = uncorrected[index]! - sharpened[index]!;
    const step = fitLattice(residual, included, size, lattice.size);
    lattice = { ...lattice, values: lattice.values.map((value, index) => value + step.values[index]!) };
    const next = fieldAt(lattice, positions, voxels);
    const change = changeOf(field, next);
    field = next;
    if (change <= options.convergence) break;
  }
  return lattice;
}

function fieldAt(lattice: Lattice, positions: Positions, voxels: Int32Array): Float64Array {
  const whole = evaluateLattice(lattice, positions);
  const field = new Float64Array(voxels.length);
  for (let index = 0; index < voxels.length; index += 1) field[index] = whole[voxels[index]!]!;
  return field;
}

/** Coefficient of variation of exp(before - after). */
function changeOf(before: Float64Array, after: Float64Array): number {
  const n = before.length;
  const ratios = new Float64Array(n);
  let mean = 0;
  for (let index = 0; index < n; index += 1) {
    ratios[index] = Math.exp(before[index]! - after[index]!);
    mean += ratios[index]! / n;
  }
  let squares = 0;
  for (let index = 0; index < n; index += 1) squares += (ratios[index]! - mean) ** 2;
  return Math.sqrt(squares / (n - 1)) / mean;
}

/** Every n-th voxel, the grids centred on each other; axes shorter than two steps keep all their voxels. */
function shrinkBy(
  volume: Volume,
  mask: Uint8Array,
  factor: number,
): { readonly data: Float32Array; readonly mask: Uint8Array; readonly size: Size } {
  const axes = volume.size.map((n) => picks(n, factor)) as unknown as readonly [Picks, Picks, Picks];
  const size = axes.map((axis) => axis.count) as unknown as Size;
  const data = new Float32Array(size[0] * size[1] * size[2]);
  const coarseMask = new Uint8Array(data.length);
  let index = 0;
  for (let z = 0; z < size[2]; z += 1)
    for (let y = 0; y < size[1]; y += 1)
      for (let x = 0; x < size[0]; x += 1, index += 1) {
        const from =
          axes[0].first +
          x * axes[0].step +
          volume.size[0] *
            (axes[1].first + y * axes[1].step + volume.size[1] * (axes[2].first + z * axes[2].step));
        data[index] = volume.data[from]!;
        coarseMask[index] = mask[from]!;
      }
  return { data, mask: coarseMask, size };
}

interface Picks {
  readonly first: number;
  readonly step: number;
  readonly count: number;
}

function picks(n: number, factor: number): Picks {
  const step = n >= 2 * factor ? factor : 1;
  const count = Math.floor(n / step);
  return { first: (n - 1 - (count - 1) * step) >> 1, step, count };
}

/** Where the voxels of the full grid lie in the domain of the coarse one; those outside it take its border. */
function positionsIn(size: Size, coarse: Size, factor: number): Positions {
  return size.map((n, axis) => {
    const { first, step } = picks(n, factor);
    const last = Math.max(1, coarse[axis]! - 1);
    return Float64Array.from({ length: n }, (_, index) =>
      Math.min(1, Math.max(0, (index - first) / step / last)),
    );
  }) as unknown as Positions;
}
