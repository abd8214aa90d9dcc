import type { Judged } from './classify.ts';
import type { Head } from './head.ts';

/** Bone that fills this share of the shell about a place has it on three sides: it lies in the bone, not beside it. */
const mostBone = 0.3;
/** Denser than this many times the arteries is bone or a plaque, not contrast medium. */
const mostArterialShare = 1.6;
/** Veins fill later: in an arterial phase they have less than this share of the arteries' HU. */
const leastArterialShare = 0.62;

/** Why a place is demoted, or null: a rule never makes a finding, and what it takes back is listed. */
export function demotion({ proposal }: Judged, head: Head): 'bone' | 'vein' | null {
  if (boneAround(proposal, head) > mostBone || middleHu(proposal, head) > mostArterialShare * head.lumenHu)
    return 'bone';
  return coreHu(proposal, head) < leastArterialShare * head.lumenHu ? 'vein' : null;
}

function boneAround({ voxel, radiusMm }: Judged['proposal'], { bone, volume }: Head): number {
  const reach = (radiusMm + 2) / volume.spacingMm[0];
  let count = 0;
  let inBone = 0;
  for (const index of ball(voxel, reach, volume.size)) {
    count += 1;
    inBone += bone[index]!;
  }
  return inBone / Math.max(1, count);
}

/** Mean of the middle voxel and its six neighbours. */
function middleHu({ voxel }: Judged['proposal'], { volume }: Head): number {
  const near = [...ball(voxel, 1, volume.size)];
  return near.reduce((sum, index) => sum + volume.data[index]!, 0) / near.length;
}

/** The highest value near the middle: the lumen, not its wall. */
function coreHu({ voxel }: Judged['proposal'], { volume }: Head): number {
  let best = -Infinity;
  for (const index of ball(voxel, 2, volume.size)) best = Math.max(best, volume.data[index]!);
  return best;
}

function* ball(
  [x, y, z]: readonly [number, number, number],
  reach: number,
  [nx, ny, nz]: readonly [number, number, number],
): Generator<number> {
  const steps = Math.ceil(reach);
  for (let k = Math.max(0, z - steps); k <= Math.min(nz - 1, z + steps); k += 1) {
    for (let j = Math.max(0, y - steps); j <= Math.min(ny - 1, y + steps); j += 1) {
      for (let i = Math.max(0, x - steps); i <= Math.min(nx - 1, x + steps); i += 1)
        if (Math.hypot(i - x, j - y, k - z) <= reach) yield i + nx * (j + ny * k);
    }
  }
}
