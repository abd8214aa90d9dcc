import type { PointLpsMm } from '../../findings/index.ts';
import { gaussianSmooth, indexToLps, type Size } from '../../volume/index.ts';
import { curvatures } from './curvature.ts';
import { isDeep, type Head } from './head.ts';

/** A place in the vessels that is rounder than a tube, and the ball that fits it best. */
export interface Proposal {
  readonly centreLpsMm: PointLpsMm;
  /** On the head's grid. */
  readonly voxel: readonly [number, number, number];
  readonly radiusMm: number;
  /** Scale-normalised contrast times roundness: what places are ranked by. */
  readonly score: number;
}

/** Radii of balls, 1.1 to 7.5 mm in steps of a third. */
const ratio = 1.34;
const radiiMm = Array.from({ length: 8 }, (_, step) => 1.1 * ratio ** step);
/** Contrast of a ball of which most is lost to partial volume, as a share of the arteries' density. */
const leastContrast = 0.05;
/** Curvature along the vessel over curvature across it: 0 for a tube, 1 for a ball; a sac on its vessel keeps a quarter. */
const leastRoundness = 0.15;
/** The classifier reads three crops of each; on phantoms every sac of 3 mm and more that is found at all stands among them. */
const most = 64;

/** Blobs of every size in the contrast-filled vessels: maxima of the difference of Gaussians that curve in all directions; the best first. */
export function proposePlaces(head: Head): readonly Proposal[] {
  const { size, data } = head.searched;
  const spacingMm = head.volume.spacingMm[0];
  const found: Proposal[] = [];
  // a ball of radius r answers most at sigma r / sqrt 3 (three dimensions); the difference lies half a step above its lower scale
  const sigmas = radiiMm.map((radius) => radius / Math.sqrt(3) / spacingMm / Math.sqrt(ratio));
  let smooth = gaussianSmooth(data, size, sigmas[0]!);
  for (const [scale, sigma] of sigmas.entries()) {
    const wider = gaussianSmooth(smooth, size, sigma * Math.sqrt(ratio * ratio - 1));
    const response = smooth.map((value, index) => (value - wider[index]!) / (ratio - 1));
    for (const index of localMaxima(response, size)) {
      const proposal = judge(index, { head, smooth, response, sigma, radiusMm: radiiMm[scale]! });
      if (proposal !== null) found.push(proposal);
    }
    smooth = wider;
  }
  return strongestOfEach(found.sort((a, b) => b.score - a.score)).slice(0, most);
}

function judge(
  index: number,
  at: { head: Head; smooth: Float32Array; response: Float32Array; sigma: number; radiusMm: number },
): Proposal | null {
  const { head, smooth, response, sigma, radiusMm } = at;
  const [nx, ny] = head.volume.size;
  const voxel = [index % nx, Math.floor(index / nx) % ny, Math.floor(index / (nx * ny))] as const;
  if (!isDeep(head, voxel)) return null;
  const [strongest, , weakest] = curvatures(smooth, head.volume.size, voxel, Math.max(1, Math.round(sigma)));
  const roundness = weakest < 0 ? weakest / strongest : 0;
  if (roundness < leastRoundness) return null;
  return {
    centreLpsMm: indexToLps(head.volume, voxel),
    voxel,
    radiusMm,
    score: response[index]! * Math.sqrt(roundness),
  };
}

/** Voxels above the least contrast that no neighbour exceeds. */
function* localMaxima(values: Float32Array, [nx, ny, nz]: Size): Generator<number> {
  const plane = nx * ny;
  for (let z = 1; z < nz - 1; z += 1) {
    for (let y = 1; y < ny - 1; y += 1) {
      for (let x = 1; x < nx - 1; x += 1) {
        const index = x + nx * y + plane * z;
        if (values[index]! >= leastContrast && isPeak(values, index, nx, plane)) yield index;
      }
    }
  }
}

function isPeak(values: Float32Array, index: number, nx: number, plane: number): boolean {
  const value = values[index]!;
  for (let dz = -plane; dz <= plane; dz += plane)
    for (let dy = -nx; dy <= nx; dy += nx)
      for (let dx = -1; dx <= 1; dx += 1) if (values[index + dx + dy + dz]! > value) return false;
  return true;
}

/** Of places whose balls hold each other's centre the strongest stays; the same blob answers at neighbouring scales. */
function strongestOfEach(sorted: readonly Proposal[]): readonly Proposal[] {
  const kept: Proposal[] = [];
  for (const one of sorted) {
    const repeats = kept.some(
      ({ centreLpsMm, radiusMm }) =>
        Math.hypot(...centreLpsMm.map((value, axis) => value - one.centreLpsMm[axis]!)) <
        Math.max(radiusMm, one.radiusMm),
    );
    if (!repeats) kept.push(one);
  }
  return kept;
}
