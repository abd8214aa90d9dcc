import type { AneurysmLocation } from './rsna.ts';

/** A place as anybody may name it: words of a site and the side. */
export interface NamedPlace {
  readonly site: string | null;
  readonly side: 'left' | 'right' | null;
}

const midline: readonly (readonly [RegExp, AneurysmLocation])[] = [
  [/ant(erior)?\.? comm|acom/i, 'Anterior Communicating Artery'],
  [/basilar (tip|bifurcation|apex)|tip of basilar|basilar artery, distal/i, 'Basilar Tip'],
];

const sided: readonly (readonly [RegExp, string])[] = [
  [/infraclinoid|cavernous|petrous/i, 'Infraclinoid Internal Carotid Artery'],
  [/supraclinoid|ophthalmic|choroid/i, 'Supraclinoid Internal Carotid Artery'],
  [/post(erior)?\.? comm|pcom/i, 'Posterior Communicating Artery'],
  [/middle cerebral|\bmca\b|\bm[1-4]\b/i, 'Middle Cerebral Artery'],
  [/anterior cerebral|pericallosal|\baca\b|\ba[1-5]\b/i, 'Anterior Cerebral Artery'],
];

const posterior =
  /other post|post(erior)? (cerebral|circulation|inferior)|cerebellar|vertebral|basilar|pica|aica|\bsca\b|\bpca\b|\bp[1-4]\b/i;

/** The place of RSNA 2025 behind a name; null where the name or its side does not tell (a "cerebral artery" is all of them). */
export function locationOf({ site, side }: NamedPlace): AneurysmLocation | null {
  if (site === null) return null;
  const middle = midline.find(([words]) => words.test(site));
  if (middle !== undefined) return middle[1];
  const paired = sided.find(([words]) => words.test(site));
  if (paired !== undefined)
    return side === null ? null : (`${side === 'left' ? 'Left' : 'Right'} ${paired[1]}` as AneurysmLocation);
  return posterior.test(site) ? 'Other Posterior Circulation' : null;
}
