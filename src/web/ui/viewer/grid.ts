import { readHeader } from 'nifti-reader-js';

export type Triple = readonly [number, number, number];

/**
 * Voxels with their place in the patient. Axes are taken in the order and direction that is nearest to LPS: the first counts to
 * the Left, the second to the Posterior, the third to the Superior, however the scanner stored them; an oblique stack stays so.
 */
export interface Grid {
  readonly values: Uint8Array | Int16Array | Float32Array;
  /** What a stored value of 1 stands for. */
  readonly slope: number;
  readonly size: Triple;
  /** Where voxel (0, 0, 0) is stored, and how far its neighbour along each axis. */
  readonly first: number;
  readonly strides: Triple;
  readonly spacingMm: Triple;
  /** Unit vectors of the axes, LPS. */
  readonly directions: readonly [Triple, Triple, Triple];
  /** Centre of voxel (0, 0, 0), LPS. */
  readonly originLpsMm: Triple;
  /** Values shown black and white. */
  readonly window: Window;
}

export interface Window {
  readonly low: number;
  readonly high: number;
}

/** Reads what the node sends: NIfTI-1 with an sform, of bytes, 16-bit integers or floats. Throws where it is anything else. */
export function readGrid(file: ArrayBuffer): Grid {
  const header = readHeader(file);
  const [, nx = 1, ny = 1, nz = 1] = header.dims;
  const columns = [0, 1, 2].map((axis): Triple => {
    const [x, y, z] = header.affine.map((row) => row[axis]!) as [number, number, number];
    // NIfTI counts to the Right and the Anterior
    return [-x, -y, z];
  });
  const [x = 0, y = 0, z = 0] = header.affine.map((row) => row[3]!);
  const stored = { size: [nx, ny, nz], strides: [1, nx, nx * ny], columns };
  return {
    values: valuesOf(file, header.datatypeCode, header.vox_offset, nx * ny * nz),
    slope: header.scl_slope === 0 ? 1 : header.scl_slope,
    ...turned(stored, [-x, -y, z]),
    window: { low: header.cal_min, high: header.cal_max },
  };
}

function valuesOf(file: ArrayBuffer, type: number, offset: number, count: number): Grid['values'] {
  if (type === 2) return new Uint8Array(file, offset, count);
  if (type === 4) return new Int16Array(file, offset, count);
  if (type === 16) return new Float32Array(file, offset, count);
  throw new Error(`The node sent voxels of NIfTI type ${type}, which the viewer does not know.`);
}

interface Stored {
  readonly size: readonly number[];
  readonly strides: readonly number[];
  /** Steps from voxel to voxel along each stored axis, LPS mm. */
  readonly columns: readonly Triple[];
}

const orders: readonly Triple[] = [
  [0, 1, 2],
  [0, 2, 1],
  [1, 0, 2],
  [1, 2, 0],
  [2, 0, 1],
  [2, 1, 0],
];

function turned(
  { size, strides, columns }: Stored,
  origin: Triple,
): Pick<Grid, 'size' | 'first' | 'strides' | 'spacingMm' | 'directions' | 'originLpsMm'> {
  const units = columns.map((column) => scaled(column, 1 / length(column)));
  const fit = (order: Triple): number =>
    order.reduce((sum, stored, axis) => sum + Math.abs(units[stored]![axis]!), 0);
  const order = orders.reduce((best, one) => (fit(one) > fit(best) ? one : best));
  let [first, originLpsMm] = [0, origin];
  const axes = order.map((stored, axis) => {
    const isBackwards = units[stored]![axis]! < 0;
    const sign = isBackwards ? -1 : 1;
    if (isBackwards) {
      const last = size[stored]! - 1;
      first += last * strides[stored]!;
      originLpsMm = plus(originLpsMm, scaled(columns[stored]!, last));
    }
    return {
      size: size[stored]!,
      stride: sign * strides[stored]!,
      spacingMm: length(columns[stored]!),
      direction: scaled(units[stored]!, sign),
    };
  });
  const [a, b, c] = axes as [(typeof axes)[0], (typeof axes)[0], (typeof axes)[0]];
  return {
    size: [a.size, b.size, c.size],
    first,
    strides: [a.stride, b.stride, c.stride],
    spacingMm: [a.spacingMm, b.spacingMm, c.spacingMm],
    directions: [a.direction, b.direction, c.direction],
    originLpsMm,
  };
}

/** Fractional voxel of a point in the patient, mm LPS. */
export function toVoxel(grid: Grid, pointLpsMm: Triple): Triple {
  const offset = plus(pointLpsMm, scaled(grid.originLpsMm, -1));
  const [x, y, z] = grid.directions.map((axis, index) => dot(axis, offset) / grid.spacingMm[index]!);
  return [x!, y!, z!];
}

/** Point in the patient, mm LPS, of a fractional voxel. */
export function toLpsMm(grid: Grid, voxel: Triple): Triple {
  return grid.directions.reduce<Triple>(
    (point, axis, index) => plus(point, scaled(axis, voxel[index]! * grid.spacingMm[index]!)),
    grid.originLpsMm,
  );
}

/** The nearest voxel inside the grid. */
export function inside(grid: Grid, voxel: Triple): Triple {
  const [x, y, z] = voxel.map((value, axis) =>
    Math.min(grid.size[axis]! - 1, Math.max(0, Math.round(value))),
  );
  return [x!, y!, z!];
}

function plus(a: Triple, b: Triple): Triple {
  return [a[0] + b[0], a[1] + b[1], a[2] + b[2]];
}

function scaled(a: Triple, by: number): Triple {
  return [a[0] * by, a[1] * by, a[2] * by];
}

function dot(a: Triple, b: Triple): number {
  return a[0] * b[0] + a[1] * b[1] + a[2] * b[2];
}

function length(a: Triple): number {
  return Math.sqrt(dot(a, a));
}
