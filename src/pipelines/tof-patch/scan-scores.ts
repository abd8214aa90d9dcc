import type { ScanScores } from '../../findings/index.ts';
import { masked, percentiles } from '../../volume/index.ts';

/**
 * The scan scores that the paper of system 001 compares, of the voxel-wise maximum over covering patches (0..1) inside the head.
 * They are told for comparison with it; the node decides by calibrated candidates.
 */
export function scanScores(patchProbability: Float32Array, head: Uint8Array): ScanScores {
  const inside = masked(patchProbability, head);
  const [max = 0, p95 = 0] = percentiles(inside, [100, 95]);
  const mean = inside.reduce((sum, one) => sum + one, 0) / inside.length;
  return { max, mean, p95 };
}
