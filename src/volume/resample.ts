import type { Size, Volume } from './types.ts';

/**
 * Trilinear resampling to isotropic `spacingMm`. Voxel 0 stays on voxel 0; n_out = floor((n_in - 1) * step / spacing + 1e-6) + 1,
 * so no voxel lies outside the source. No low-pass before it: the published system resamples so, and the kit trains so.
 */
export function resampleIsotropic(volume: Volume, spacingMm: number): Volume {
  const axes = volume.spacingMm.map((step, axis) => axisWeights(volume.size[axis]!, step / spacingMm));
  const [x, y, z] = axes as [AxisWeights, AxisWeights, AxisWeights];
  const size: Size = [x.low.length, y.low.length, z.low.length];
  const data = new Float32Array(size[0] * size[1] * size[2]);
  const rowA = new Float32Array(volume.size[0]);
  const plane = volume.size[0] * volume.size[1];
  for (let k = 0; k < size[2]; k += 1) {
    for (let j = 0; j < size[1]; j += 1) {
      blendRows(rowA, volume, { y, z, j, k, plane });
      interpolateRow(data, (k * size[1] + j) * size[0], rowA, x);
    }
  }
  return { ...volume, size, spacingMm: [spacingMm, spacingMm, spacingMm], data };
}

interface AxisWeights {
  readonly low: Int32Array;
  readonly high: Int32Array;
  readonly weight: Float32Array;
}

function axisWeights(n: number, step: number): AxisWeights {
  const size = Math.floor((n - 1) * step + 1e-6) + 1;
  const low = new Int32Array(size);
  const high = new Int32Array(size);
  const weight = new Float32Array(size);
  for (let index = 0; index < size; index += 1) {
    const position = Math.min(index / step, n - 1);
    low[index] = Math.min(Math.floor(position), Math.max(n - 2, 0));
    high[index] = Math.min(low[index]! + 1, n - 1);
    weight[index] = position - low[index]!;
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
