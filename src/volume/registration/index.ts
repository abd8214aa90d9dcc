import { distanceTransform } from '../distance.ts';
import { gaussianSmooth } from '../smooth.ts';
import type { Volume } from '../types.ts';
import { arteryMask, type HeadImage } from './artery-mask.ts';
import { fitDistances, type Fitted } from './fit-distances.ts';
import { fitGreyValues } from './fit-grey-values.ts';
import { fieldOf } from './interpolate.ts';
import { countOf, spread, type Points } from './points.ts';
import { judge, type RegistrationQuality } from './quality.ts';
import { angleDegrees, applied, inverse, startPoses, type RigidTransform } from './rigid.ts';

/** How an earlier image of a head lies in a later one, or why that cannot be told. */
export type Registration =
  | { readonly kind: 'registered'; readonly toCurrent: RigidTransform; readonly quality: RegistrationQuality }
  | { readonly kind: 'refused'; readonly why: string };

/** Grid of distances and grey values: arteries of 2 mm and more stand out, and a head takes a second. */
export const registrationGridMm = 1;

/**
 * The rigid move (6 parameters, LPS mm) that lays the arteries of `prior` on those of `current`, both on an isotropic grid of
 * `registrationGridMm`. Coarse: points of the one mask are drawn to the other by its distance map (Chamfer matching; Borgefors,
 * IEEE TPAMI 1988) from many poses. Fine: grey values about the arteries agree but for gain and offset. Deterministic, a fixed
 * number of steps. Refused where too little agrees to be the same head: a wrong move would tell of growth that is none.
 */
export function registerByArteries(prior: HeadImage, current: HeadImage): Registration {
  const moving = arteriesOf(prior);
  const fixed = arteriesOf(current);
  if (moving === null || fixed === null)
    return { kind: 'refused', why: 'too few arteries are seen in one of the studies' };
  const coarse = bestPose(moving, fixed);
  const fine = fitGreyValues(moving.around, { from: moving.smooth, to: fixed.smooth }, coarse);
  const toCurrent = strayed(coarse, fine, moving.few.middle) ? coarse : fine;
  const { quality, why } = judge(moving, fixed, toCurrent);
  return why === null ? { kind: 'registered', toCurrent, quality } : { kind: 'refused', why };
}

/** The arteries of a head in every form that registration needs. */
export interface Arteries {
  /** Distance to the nearest voxel of the mask, mm; on the grid of the image. */
  readonly distances: Volume;
  readonly smooth: Volume;
  /** Voxel centres of the mask. */
  readonly few: Points;
  readonly many: Points;
  /** Voxel centres in and just outside the arteries, for their grey values. */
  readonly around: Points;
}

const leastArteriesMm3 = 800;
const aroundMm = 3;

function arteriesOf(head: HeadImage): Arteries | null {
  const { image } = head;
  const mask = arteryMask(head);
  if (countOf(mask) * registrationGridMm ** 3 < leastArteriesMm3) return null;
  const data = distanceTransform(mask, image.size, image.spacingMm);
  const near = new Uint8Array(data.length);
  for (let index = 0; index < near.length; index += 1) near[index] = data[index]! <= aroundMm ? 1 : 0;
  return {
    distances: { ...image, data },
    smooth: { ...image, data: gaussianSmooth(image.data, image.size, 1) },
    few: spread(mask, image, 400),
    many: spread(mask, image, 3000),
    around: spread(near, image, 12_000),
  };
}

const kept = 8;

/** Every start is fitted with few points; the best few of them with many, to ever shorter distances. */
function bestPose(moving: Arteries, fixed: Arteries): RigidTransform {
  const distances = fieldOf(fixed.distances);
  const byCost = (fitted: readonly Fitted[]): readonly Fitted[] =>
    [...fitted].sort((a, b) => a.cost - b.cost);
  const starts = startPoses(moving.few.middle, fixed.few.middle).map((start) =>
    fitDistances(moving.few, distances, start, { reachMm: 12, iterations: 15 }),
  );
  const ranked = byCost(starts)
    .slice(0, kept)
    .map(({ transform }) => fitDistances(moving.many, distances, transform, { reachMm: 6, iterations: 12 }))
    .map(({ transform }) =>
      fitDistances(moving.many, distances, transform, { reachMm: 2.5, iterations: 12 }),
    );
  return byCost(ranked)[0]!.transform;
}

const [strayMm, strayDegrees] = [4, 4];

/** A fit of grey values that leaves the place where the masks agree has followed something else. */
function strayed(coarse: RigidTransform, fine: RigidTransform, at: Points['middle']): boolean {
  const [a, b] = [applied(coarse, at), applied(fine, at)];
  const mm = Math.hypot(a[0] - b[0], a[1] - b[1], a[2] - b[2]);
  return mm > strayMm || angleDegrees(coarse.rotation, fine.rotation) > strayDegrees;
}

export { applied, inverse };
export type { HeadImage, RegistrationQuality, RigidTransform };
