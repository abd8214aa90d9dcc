import type { Volume } from '../types.ts';
import type { AxisPlaces } from './places.ts';

/** Trilinear, row by row: the four source rows around each output row are blended first. */
export function linear(volume: Volume, places: AxisPlaces): Float32Array {
  const [x, y, z] = places.map((along, axis) => axisWeights(along, volume.size[axis]!)) as [
    AxisWeights,
    AxisWeights,
    AxisWeights,
  ];
  const [nx, ny, nz] = [x.low.length, y.low.length, z.low.length];
  const data = new Float32Array(nx * ny * nz);
  const rowA = new Float32Array(volume.size[0]);
  const plane = volume.size[0] * volume.size[1];
  for (let k = 0; k < nz; k += 1) {
    for (let j = 0; j < ny; j += 1) {
      blendRows(rowA, volume, { y, z, j, k, plane });
      interpolateRow(data, (k * ny + j) * nx, rowA, x);
    }
  }
  return data;
}

interface AxisWeights {
  readonly low: Int32Array;
  readonly high: Int32Array;
  readonly weight: Float32Array;
}

function axisWeights(places: Float64Array, n: number): AxisWeights {
  const low = new Int32Array(places.length);
  const high = new Int32Array(places.length);
  const weight = new Float32Array(places.length);
  for (const [index, place] of places.entries()) {
    low[index] = Math.min(Math.floor(place), Math.max(n - 2, 0));
    high[index] = Math.min(low[index] + 1, n - 1);
    weight[index] = place - low[index];
  }
  return { low, high, weight };
}

/** The source row between the four rows around (j, k). */
function blendRows(
  out: Float32Array,
  volume: Volume,
  at: { y: AxisWeights; z: AxisWeights; j: number; k: number; plane: number },
): void {
  const { y, z, j, k, plane } = at;
  const nx = volume.size[0];
  const wy = y.weight[j]!;
  const wz = z.weight[k]!;
  const a = z.low[k]! * plane + y.low[j]! * nx;
  const b = z.low[k]! * plane + y.high[j]! * nx;
  const c = z.high[k]! * plane + y.low[j]! * nx;
  const d = z.high[k]! * plane + y.high[j]! * nx;
  const { data } = volume;
  const wa = (1 - wy) * (1 - wz);
  const wb = wy * (1 - wz);
  const wc = (1 - wy) * wz;
  const wd = wy * wz;
  for (let i = 0; i < nx; i += 1)
    out[i] = data[a + i]! * wa + data[b + i]! * wb + data[c + i]! * wc + data[d + i]! * wd;
}

function interpolateRow(out: Float32Array, start: number, row: Float32Array, x: AxisWeights): void {
  for (let i = 0; i < x.low.length; i += 1) {
    const weight = x.weight[i]!;
    out[start + i] = row[x.low[i]!]! * (1 - weight) + row[x.high[i]!]! * weight;
  }
}
