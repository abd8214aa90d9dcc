import { indexToLps, lpsToIndex, type Vector, type Volume } from '../../volume/index.ts';
import type { Plane } from './grey.ts';

/** A square cut through a volume: its middle, and how the volume's grid axes run over the picture. */
export interface Cut {
  readonly centreLpsMm: Vector;
  /** Grid axis along the picture's rows (to the right) and along its columns (downwards), with direction. */
  readonly right: GridAxis;
  readonly down: GridAxis;
  readonly sideMm: number;
  readonly sidePixels: number;
}

export interface GridAxis {
  readonly axis: 0 | 1 | 2;
  readonly sign: 1 | -1;
}

/** The values on a cut, by Catmull-Rom interpolation; `outside` beyond the volume. */
export function cutSmoothly(volume: Volume, cut: Cut, outside: number): Plane {
  return sampleCut(volume, cut, (x, y, z) => sampleCubic(volume, [x, y, z], outside));
}

/** The values on a cut of another volume that lies in the same patient (a map on the network's grid); 0 beyond it. */
export function cutLinearly(map: Volume, grid: Volume, cut: Cut): Plane {
  return sampleCut(grid, cut, (x, y, z) => {
    const [i, j, k] = lpsToIndex(map, indexToLps(grid, [x, y, z]));
    return sampleLinear(map, i, j, k);
  });
}

function sampleCut(grid: Volume, cut: Cut, sample: (x: number, y: number, z: number) => number): Plane {
  const { sidePixels } = cut;
  const values = new Float32Array(sidePixels * sidePixels);
  const centre = lpsToIndex(grid, cut.centreLpsMm);
  const mm = (pixel: number): number => ((pixel + 0.5) / sidePixels - 0.5) * cut.sideMm;
  const step = ({ axis, sign }: GridAxis, pixel: number): number => (sign * mm(pixel)) / grid.spacingMm[axis];
  const at: [number, number, number] = [...centre];
  for (let row = 0; row < sidePixels; row += 1) {
    at[cut.down.axis] = centre[cut.down.axis] + step(cut.down, row);
    for (let column = 0; column < sidePixels; column += 1) {
      at[cut.right.axis] = centre[cut.right.axis] + step(cut.right, column);
      values[row * sidePixels + column] = sample(...at);
    }
  }
  return { values, width: sidePixels, height: sidePixels };
}

/** A border voxel is still met by a position that rounding put this far outside. */
const rounding = 1e-6;

/** Trilinear, 0 outside the map. */
export function sampleLinear(map: Volume, atX: number, atY: number, atZ: number): number {
  const [nx, ny, nz] = map.size;
  const x = onto(atX, nx);
  const y = onto(atY, ny);
  const z = onto(atZ, nz);
  if (x < 0 || y < 0 || z < 0) return 0;
  const i = Math.min(Math.floor(x), nx - 2);
  const j = Math.min(Math.floor(y), ny - 2);
  const k = Math.min(Math.floor(z), nz - 2);
  const base = i + nx * (j + ny * k);
  const plane = nx * ny;
  const { data } = map;
  const a = x - i;
  const b = y - j;
  const near =
    (data[base]! * (1 - a) + data[base + 1]! * a) * (1 - b) +
    (data[base + nx]! * (1 - a) + data[base + nx + 1]! * a) * b;
  const up = base + plane;
  const far =
    (data[up]! * (1 - a) + data[up + 1]! * a) * (1 - b) +
    (data[up + nx]! * (1 - a) + data[up + nx + 1]! * a) * b;
  const c = z - k;
  return near * (1 - c) + far * c;
}

/** The position, inside 0..count-1; -1 where it lies outside. */
function onto(position: number, count: number): number {
  if (position < -rounding || position > count - 1 + rounding) return -1;
  return Math.max(0, Math.min(count - 1, position));
}

/** Half a voxel around the grid still belongs to it: there the border voxels are repeated. */
function sampleCubic(volume: Volume, [x, y, z]: Vector, outside: number): number {
  const [nx, ny, nz] = volume.size;
  if (x < -0.5 || y < -0.5 || z < -0.5 || x > nx - 0.5 || y > ny - 0.5 || z > nz - 0.5) return outside;
  const [wx, wy, wz] = [catmullRom(x), catmullRom(y), catmullRom(z)];
  let sum = 0;
  for (let c = 0; c < 4; c += 1) {
    const k = clamp(wz.first + c, nz) * ny;
    for (let b = 0; b < 4; b += 1) {
      const row = (k + clamp(wy.first + b, ny)) * nx;
      const weight = wz.weights[c]! * wy.weights[b]!;
      for (let a = 0; a < 4; a += 1)
        sum += weight * wx.weights[a]! * volume.data[row + clamp(wx.first + a, nx)]!;
    }
  }
  return sum;
}

/** A plane on another raster, pixel corners on pixel corners, by Catmull-Rom interpolation. */
export function enlarge(plane: Plane, width: number, height: number): Plane {
  const wide = enlargeRows(plane, width);
  return transpose(enlargeRows(transpose(wide), height));
}

function enlargeRows({ values, width, height }: Plane, target: number): Plane {
  if (target === width) return { values, width, height };
  const out = new Float32Array(target * height);
  for (let column = 0; column < target; column += 1) {
    const { first, weights } = catmullRom(((column + 0.5) * width) / target - 0.5);
    for (let tap = 0; tap < 4; tap += 1) {
      const source = clamp(first + tap, width);
      const weight = weights[tap]!;
      for (let row = 0; row < height; row += 1)
        out[row * target + column]! += weight * values[row * width + source]!;
    }
  }
  return { values: out, width: target, height };
}

function transpose({ values, width, height }: Plane): Plane {
  const out = new Float32Array(values.length);
  for (let row = 0; row < height; row += 1) {
    for (let column = 0; column < width; column += 1)
      out[column * height + row] = values[row * width + column]!;
  }
  return { values: out, width: height, height: width };
}

/** Weights of the four samples around a position (Catmull and Rom 1974, tension 1/2). */
function catmullRom(position: number): {
  readonly first: number;
  readonly weights: readonly [number, number, number, number];
} {
  const low = Math.floor(position);
  const t = position - low;
  return {
    first: low - 1,
    weights: [
      ((2 - t) * t - 1) * t * 0.5,
      ((3 * t - 5) * t * t + 2) * 0.5,
      ((4 - 3 * t) * t + 1) * t * 0.5,
      (t - 1) * t * t * 0.5,
    ],
  };
}

function clamp(index: number, count: number): number {
  return Math.max(0, Math.min(count - 1, index));
}
