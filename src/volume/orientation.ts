import type { PointLpsMm } from '../findings/index.ts';
import type { Vector } from './frame-geometry.ts';
import type { Size, Volume } from './types.ts';
import { cross, dot, subtract } from './vectors.ts';

/**
 * The same voxels with axes permuted and flipped so that x runs towards the patient's Left, y Posterior, z Superior as
 * nearly as the grid allows. No voxel moves in the patient; an oblique grid stays oblique.
 */
export function toLpsOrientation(volume: Volume): Volume {
  const order = nearestAxes(volume);
  const flips = order.map((source, target) => volume.directions[source][target]! < 0);
  const size = order.map((source) => volume.size[source]) as unknown as Size;
  const steps = [1, volume.size[0], volume.size[0] * volume.size[1]];
  const stride = order.map((source, target) => (flips[target] ? -steps[source]! : steps[source]!));
  const start = order.reduce<number>(
    (sum, source, target) => sum + (flips[target] ? steps[source]! * (size[target]! - 1) : 0),
    0,
  );
  const corner = order.map((source, target) => (flips[target] ? volume.size[source] - 1 : 0));
  const index = [0, 0, 0];
  order.forEach((source, target) => (index[source] = corner[target]!));
  const directions = order.map((source, target) => {
    const [x, y, z] = volume.directions[source];
    return flips[target] ? [-x, -y, -z] : [x, y, z];
  });
  return {
    size,
    spacingMm: order.map((source) => volume.spacingMm[source]) as unknown as Volume['spacingMm'],
    originLpsMm: indexToLps(volume, index as unknown as Vector),
    directions: directions as unknown as Volume['directions'],
    data: reorder(volume.data, size, { start, stride: stride as [number, number, number] }),
  };
}

/** Where voxel index (i, j, k), fractions allowed, lies in the patient. */
export function indexToLps(grid: Omit<Volume, 'data'>, index: Vector): PointLpsMm {
  const at = (axis: 0 | 1 | 2): number =>
    grid.originLpsMm[axis] +
    index[0] * grid.spacingMm[0] * grid.directions[0][axis] +
    index[1] * grid.spacingMm[1] * grid.directions[1][axis] +
    index[2] * grid.spacingMm[2] * grid.directions[2][axis];
  return [at(0), at(1), at(2)];
}

/** The voxel index, with fractions, of a point in the patient; on a sheared grid (gantry tilt) too. */
export function lpsToIndex(
  { directions, spacingMm, originLpsMm }: Omit<Volume, 'data'>,
  point: PointLpsMm,
): Vector {
  const path = subtract(point, originLpsMm);
  const [a, b, c] = directions;
  const [bc, ca, ab] = [cross(b, c), cross(c, a), cross(a, b)];
  const unit = dot(a, bc);
  return [
    dot(path, bc) / (unit * spacingMm[0]),
    dot(path, ca) / (unit * spacingMm[1]),
    dot(path, ab) / (unit * spacingMm[2]),
  ];
}

/** Distance between neighbouring z planes, which is less than the way between their first voxels where the grid is sheared. */
export function planeDistanceMm({ directions: [a, b, c], spacingMm }: Omit<Volume, 'data'>): number {
  return Math.abs(dot(c, cross(a, b))) * spacingMm[2];
}

/** For L, P, S in turn the grid axis that runs most along it, each axis once; the best total wins. */
function nearestAxes(volume: Volume): readonly [0 | 1 | 2, 0 | 1 | 2, 0 | 1 | 2] {
  const orders = [
    [0, 1, 2],
    [0, 2, 1],
    [1, 0, 2],
    [1, 2, 0],
    [2, 0, 1],
    [2, 1, 0],
  ] as const;
  const along = (order: readonly (0 | 1 | 2)[]): number =>
    order.reduce<number>((sum, source, target) => sum + Math.abs(volume.directions[source][target]!), 0);
  return orders.reduce((best, order) => (along(order) > along(best) + 1e-9 ? order : best), orders[0]);
}

function reorder(
  data: Float32Array,
  size: Size,
  walk: { readonly start: number; readonly stride: readonly [number, number, number] },
): Float32Array {
  const { start, stride } = walk;
  if (start === 0 && stride[0] === 1 && stride[1] === size[0] && stride[2] === size[0] * size[1]) return data;
  const out = new Float32Array(data.length);
  let target = 0;
  for (let z = 0; z < size[2]; z += 1) {
    for (let y = 0; y < size[1]; y += 1) {
      let source = start + z * stride[2] + y * stride[1];
      for (let x = 0; x < size[0]; x += 1) {
        out[target] = data[source]!;
        target += 1;
        source += stride[0];
      }
    }
  }
  return out;
}
