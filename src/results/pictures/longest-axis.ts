import { indexToLps, lpsToIndex, type Vector, type Volume } from '../../volume/index.ts';
import { hatchedFrom } from './colour.ts';

/** More voxels than this are thinned out: the ends move by less than a voxel's neighbourhood. */
const mostVoxels = 1500;

/**
 * Direction (unit vector, LPS) in which what the map marks at a place is longest: between the two farthest voxels of at
 * least `hatchedFrom` within reach of its diameter. Null where fewer than two voxels are marked.
 */
export function longestAxis(
  map: Volume,
  place: { readonly centreLpsMm: Vector; readonly maxDiameterMm: number },
): Vector | null {
  const voxels = markedNear(map, place.centreLpsMm, 0.75 * place.maxDiameterMm + 2);
  const every = Math.ceil(voxels.length / mostVoxels);
  const points = voxels.filter((_, index) => index % every === 0);
  let longest = 0;
  let axis: Vector | null = null;
  for (const [index, a] of points.entries()) {
    for (const b of points.slice(index + 1)) {
      const path = [b[0] - a[0], b[1] - a[1], b[2] - a[2]] as const;
      const length = Math.hypot(...path);
      if (length <= longest) continue;
      longest = length;
      axis = [path[0] / length, path[1] / length, path[2] / length];
    }
  }
  return axis;
}

function markedNear(map: Volume, centre: Vector, reachMm: number): readonly Vector[] {
  const middle = lpsToIndex(map, centre);
  const span = ([0, 1, 2] as const).map((axis) => {
    const reach = reachMm / map.spacingMm[axis];
    return {
      from: Math.max(0, Math.ceil(middle[axis] - reach)),
      to: Math.min(map.size[axis] - 1, Math.floor(middle[axis] + reach)),
    };
  });
  const [x, y, z] = span as [Span, Span, Span];
  const points: Vector[] = [];
  for (let k = z.from; k <= z.to; k += 1) {
    for (let j = y.from; j <= y.to; j += 1) {
      for (let i = x.from; i <= x.to; i += 1) {
        if (map.data[i + map.size[0] * (j + map.size[1] * k)]! < hatchedFrom) continue;
        const point = indexToLps(map, [i, j, k]);
        if (Math.hypot(...point.map((value, axis) => value - centre[axis]!)) <= reachMm) points.push(point);
      }
    }
  }
  return points;
}

interface Span {
  readonly from: number;
  readonly to: number;
}
