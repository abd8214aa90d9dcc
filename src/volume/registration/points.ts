import type { Vector } from '../frame-geometry.ts';
import { indexToLps } from '../orientation.ts';
import type { Volume } from '../types.ts';
import { applied, type RigidTransform } from './rigid.ts';

/** Points in the patient, LPS mm: x, y, z, x, y, z, ... */
export interface Points {
  readonly lpsMm: Float64Array;
  readonly middle: Vector;
}

/** At most about `most` voxel centres of a mask, evenly through it. */
export function spread(mask: Uint8Array, grid: Omit<Volume, 'data'>, most: number): Points {
  const [nx, ny] = grid.size;
  const every = Math.max(1, countOf(mask) / most);
  const points: number[] = [];
  let seen = 0;
  let next = 0;
  for (let index = 0; index < mask.length; index += 1) {
    if (mask[index] === 0) continue;
    if (seen >= next) {
      points.push(
        ...indexToLps(grid, [index % nx, Math.floor(index / nx) % ny, Math.floor(index / (nx * ny))]),
      );
      next += every;
    }
    seen += 1;
  }
  return { lpsMm: Float64Array.from(points), middle: middleOf(points) };
}

export function countOf(mask: Uint8Array): number {
  let count = 0;
  for (const voxel of mask) count += voxel;
  return count;
}

export function moved({ lpsMm, middle }: Points, transform: RigidTransform): Points {
  const [a, b, c] = transform.rotation;
  const [tx, ty, tz] = transform.translationMm;
  const out = new Float64Array(lpsMm.length);
  for (let at = 0; at < lpsMm.length; at += 3) {
    const [x, y, z] = [lpsMm[at]!, lpsMm[at + 1]!, lpsMm[at + 2]!];
    out[at] = a[0] * x + a[1] * y + a[2] * z + tx;
    out[at + 1] = b[0] * x + b[1] * y + b[2] * z + ty;
    out[at + 2] = c[0] * x + c[1] * y + c[2] * z + tz;
  }
  return { lpsMm: out, middle: applied(transform, middle) };
}

function middleOf(points: readonly number[]): Vector {
  const sum = [0, 0, 0];
  for (let at = 0; at < points.length; at += 1) sum[at % 3]! += points[at]!;
  const count = points.length / 3;
  return [sum[0]! / count, sum[1]! / count, sum[2]! / count];
}
