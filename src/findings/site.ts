import { codes } from '../dicom/index.ts';
import { surelyLeftMm, type Midsagittal } from './midsagittal.ts';
import { anteriorCerebralArtery, siteClasses, type SiteClass } from './site-classes.ts';
import type { Laterality, PointLpsMm, Site } from './types.ts';

/** Nearer to the midline than this, geometry does not tell the side: the estimate of the plane is no better. */
const midlineMm = 4;
/** The anterior cerebral arteries run side by side there, and either may lie beyond the midline: nearer than this, neither place nor image tells which one it is. */
const besideMidlineMm = 8;
/** Farther than this no error of the plane turns the side; nearer, a model must have seen the same one. */
const farMm = 12;
/** How much of an artery's probability must lie on one side for that side to be told. */
const leastShareOfSide = 0.9;

/** The side by geometry alone, and the artery not told: what is said where nothing names it, or nothing names it surely. */
export function describeSite(centreLpsMm: PointLpsMm, midsagittal: Midsagittal): Site {
  const { value, scheme, meaning } = codes.cerebralArtery;
  return { value, scheme, meaning, laterality: sideOf(surelyLeftMm(midsagittal, centreLpsMm)) };
}

/**
 * The artery by the probabilities of `siteClasses`: named where one artery, both sides together, reaches `threshold` and its
 * side does not contradict geometry; else the general site. Between the midline and `farMm` the side is told where both agree. A wrong precise name would be worse than none.
 */
export function nameSite(
  probabilities: readonly number[],
  { centreLpsMm, midsagittal }: { readonly centreLpsMm: PointLpsMm; readonly midsagittal: Midsagittal },
  threshold: number,
): Site {
  const general = describeSite(centreLpsMm, midsagittal);
  const [best] = [...groupByArtery(probabilities)].sort((a, b) => b.probability - a.probability);
  if (best?.site == null || best.probability < threshold) return general;
  const fromMidline = Math.abs(surelyLeftMm(midsagittal, centreLpsMm));
  const isEither =
    best.kind === 'paired' && best.site === anteriorCerebralArtery && fromMidline < besideMidlineMm;
  if (isEither) return { ...best.site, laterality: null };
  const geometric = general.laterality;
  if (best.kind === 'unpaired') return { ...best.site, laterality: best.tellsSide ? geometric : null };
  const seen = seenSide(best);
  const isFar = fromMidline >= farMm;
  const laterality = isFar || seen === geometric ? geometric : null;
  const isContradicted = geometric !== null && seen !== null && seen !== geometric;
  return isContradicted ? { ...general, laterality } : { ...best.site, laterality };
}

/** In words: the artery and, where it is told, which part of it. */
export function siteInWords({ meaning, modifier }: Pick<Site, 'meaning' | 'modifier'>): string {
  return modifier === undefined ? meaning : `${meaning}, ${modifier.meaning.toLowerCase()}`;
}

function sideOf(leftMm: number): Laterality | null {
  if (Math.abs(leftMm) < midlineMm) return null;
  return leftMm > 0 ? 'left' : 'right';
}

type Artery = { readonly probability: number } & (
  | Pick<Extract<SiteClass, { kind: 'unpaired' }>, 'kind' | 'site' | 'tellsSide'>
  | { readonly kind: 'paired'; readonly site: SiteClass['site']; readonly left: number }
);

function groupByArtery(probabilities: readonly number[]): readonly Artery[] {
  return siteClasses.flatMap((one, index): readonly Artery[] => {
    const probability = probabilities[index]!;
    if (one.kind === 'unpaired') return [{ ...one, probability }];
    if (one.side === 'right') return [];
    const right = siteClasses.findIndex(
      (other) => other.kind === 'paired' && other.site === one.site && other.side === 'right',
    );
    return [
      { kind: 'paired', site: one.site, probability: probability + probabilities[right]!, left: probability },
    ];
  });
}

function seenSide({ left, probability }: Extract<Artery, { kind: 'paired' }>): Laterality | null {
  const share = left / probability;
  if (share >= leastShareOfSide) return 'left';
  return share <= 1 - leastShareOfSide ? 'right' : null;
}
