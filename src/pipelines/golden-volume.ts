import { z } from 'zod';
import type { Volume } from '../volume/index.ts';

const triple = z.tuple([z.number(), z.number(), z.number()]);

/** Of golden vectors whose input is a volume: [z][y][x] as stored. */
export const volumeForm = { file: z.string(), shape: triple, spacingMm: triple };

export function goldenVolume(
  told: { readonly shape: readonly [number, number, number]; readonly spacingMm: Volume['spacingMm'] },
  stored: Int16Array,
  unit = 1,
): Volume {
  const [nz, ny, nx] = told.shape;
  return {
    size: [nx, ny, nz],
    spacingMm: told.spacingMm,
    originLpsMm: [0, 0, 0],
    directions: [
      [1, 0, 0],
      [0, 1, 0],
      [0, 0, 1],
    ],
    data: Float32Array.from(stored, (value) => value * unit),
  };
}

/** The largest difference; infinite where there are not as many, or one is no number. */
export function farthest(found: ArrayLike<number>, expected: readonly number[]): number {
  if (found.length !== expected.length) return Infinity;
  const most = Math.max(0, ...expected.map((value, index) => Math.abs(found[index]! - value)));
  return Number.isNaN(most) ? Infinity : most;
}
