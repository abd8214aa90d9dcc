import {
  applied,
  indexToLps,
  inverse,
  sampleSlice,
  type RigidTransform,
  type Volume,
} from '../../src/volume/index.ts';
import { turnedAbout } from '../../src/volume/registration/rigid.ts';

/** A move of the head about the middle of a volume: degrees about L, P, S, then mm. */
export function headMove(
  volume: Volume,
  degrees: readonly [number, number, number],
  shiftMm: readonly [number, number, number],
): RigidTransform {
  const middle = indexToLps(volume, volume.size.map((n) => (n - 1) / 2) as [number, number, number]);
  return turnedAbout(
    middle,
    degrees.map((value) => (value * Math.PI) / 180) as [number, number, number],
    shiftMm,
  );
}

/** The head after `move`, on the same grid: what was outside the images is 0, as if the slab had cut it off. */
export function movedHead(volume: Volume, move: RigidTransform): Volume {
  // sampled where the voxels of the grid were before the move
  const back = inverse(move);
  const before = {
    ...volume,
    originLpsMm: applied(back, volume.originLpsMm),
    directions: volume.directions.map((axis) =>
      applied({ ...back, translationMm: [0, 0, 0] }, axis),
    ) as unknown as Volume['directions'],
  };
  const data = new Float32Array(volume.data.length);
  const plane = volume.size[0] * volume.size[1];
  for (let slice = 0; slice < volume.size[2]; slice += 1)
    data.set(sampleSlice(volume, before, slice), slice * plane);
  return { ...volume, data };
}
