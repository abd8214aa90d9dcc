import type { ManifestOf } from '../../inference/index.ts';
import { indexToLps, labelComponents } from '../../volume/index.ts';
import { extentMm, toPoint } from '../extent.ts';
import type { Candidate } from '../types.ts';
import type { Prepared } from './prepare.ts';

interface Fields {
  readonly localisationLogit: Float32Array;
  /** Logit of the 32^3 patch around each voxel. */
  readonly patchLogit: Float32Array;
}

/**
 * 26-connected components of the localisation probability above its threshold inside the head, each with a calibrated
 * probability from its seed, the patch around it and its volume; by falling probability.
 */
export function findCandidates(
  fields: Fields,
  prepared: Prepared,
  manifest: ManifestOf<'tof-patch'>,
): readonly Candidate[] {
  const { localisationThreshold, minVoxels } = manifest.candidates;
  const { size } = prepared.image;
  const cut = Math.log(localisationThreshold / (1 - localisationThreshold));
  const above = new Uint8Array(fields.localisationLogit.length);
  for (let index = 0; index < above.length; index += 1) {
    above[index] = fields.localisationLogit[index]! > cut && prepared.mask[index] === 1 ? 1 : 0;
  }
  const { labels, count } = labelComponents(above, size, 26);
  const voxels: number[][] = Array.from({ length: count + 1 }, () => []);
  for (let index = 0; index < labels.length; index += 1)
    if (labels[index]! > 0) voxels[labels[index]!]!.push(index);
  return voxels
    .slice(1)
    .filter((component) => component.length >= minVoxels)
    .map((component) => describe(component, fields, prepared, manifest))
    .sort((a, b) => b.probability - a.probability);
}

/** The `most` likeliest that stand, and of those that a rule took back as many: none pushes another out that stands. */
export function likeliest(candidates: readonly Candidate[], most: number): readonly Candidate[] {
  const of = (isDemoted: boolean): readonly Candidate[] =>
    candidates.filter(({ demoted }) => (demoted !== undefined) === isDemoted).slice(0, most);
  const kept = new Set([...of(false), ...of(true)]);
  return candidates.filter((candidate) => kept.has(candidate));
}

/** Diameter of the sphere of this volume. */
function sphereDiameter(volumeMm3: number): number {
  return Math.cbrt((6 * volumeMm3) / Math.PI);
}

function describe(
  component: readonly number[],
  fields: Fields,
  prepared: Prepared,
  manifest: ManifestOf<'tof-patch'>,
): Candidate {
  const { image } = prepared;
  const points = component.map((index) => toPoint(index, image.size));
  const weights = component.map((index) => 1 / (1 + Math.exp(-fields.localisationLogit[index]!)));
  const total = weights.reduce((sum, weight) => sum + weight, 0);
  const mean = (axis: 0 | 1 | 2): number =>
    points.reduce((sum, point, n) => sum + point[axis] * weights[n]!, 0) / total;
  const centre = [mean(0), mean(1), mean(2)] as const;
  const nearest = centre.map((value) => Math.floor(value + 0.5));
  const voxelMm = manifest.preprocessing.spacingMm;
  const rawVolumeMm3 = component.length * voxelMm ** 3;
  const { calibration, measures } = manifest;
  const logit =
    calibration.intercept +
    calibration.seedLogit *
      component.reduce((top, index) => Math.max(top, fields.localisationLogit[index]!), -Infinity) +
    calibration.patchLogit *
      fields.patchLogit[nearest[0]! + image.size[0] * (nearest[1]! + image.size[1] * nearest[2]!)]! +
    calibration.logVolume * Math.log(rawVolumeMm3);
  return {
    probability: 1 / (1 + Math.exp(-logit)),
    centreLpsMm: indexToLps(image, centre),
    maxDiameterMm:
      measures.diameterScale *
        (measures.diameterFrom === 'volume' ? sphereDiameter(rawVolumeMm3) : extentMm(points, voxelMm)) +
      measures.diameterOffsetMm,
    volumeMm3: measures.volumeScale * rawVolumeMm3,
  };
}
