import {
  applied,
  indexToLps,
  inverse,
  lpsToIndex,
  sampleAt,
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
  const back = inverse(move);
  const [nx, ny] = volume.size;
  const data = new Float32Array(volume.data.length);
  for (let index = 0; index < data.length; index += 1) {
    const at = [index % nx, Math.floor(index / nx) % ny, Math.floor(index / (nx * ny))] as const;
    data[index] = sampleAt(volume, lpsToIndex(volume, applied(back, indexToLps(volume, at))));
  }
  return { ...volume, data };
}
