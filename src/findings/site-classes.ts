import { codes, type CodedConcept } from '../dicom/index.ts';
import type { Laterality, Site } from './types.ts';

type Place = Omit<Site, 'laterality'>;

/** What the site model tells apart, in its order: the 13 locations of RSNA 2025, then what lies on none of them. */
export type SiteClass =
  | { readonly kind: 'paired'; readonly name: string; readonly site: Place; readonly side: Laterality }
  | {
      readonly kind: 'unpaired';
      readonly name: string;
      /** Null where no artery is named. */
      readonly site: Place | null;
      /** Whether a place on it may have a side: vertebral arteries have, the basilar tip has not. */
      readonly tellsSide: boolean;
    };

const place = (artery: CodedConcept, modifier?: CodedConcept): Place => ({
  ...plain(artery),
  ...(modifier === undefined ? {} : { modifier: plain(modifier) }),
});

export const anteriorCerebralArtery = place(codes.anteriorCerebralArtery);

/** SNOMED CT from the free set; where that cannot name a part of an artery, the artery with a topographical modifier. */
export const siteClasses: readonly SiteClass[] = [
  ...pair('Infraclinoid Internal Carotid Artery', place(codes.internalCarotidArtery, codes.infraclinoid)),
  ...pair('Supraclinoid Internal Carotid Artery', place(codes.internalCarotidArtery, codes.supraclinoid)),
  ...pair('Middle Cerebral Artery', place(codes.middleCerebralArtery)),
  midline('Anterior Communicating Artery', place(codes.anteriorCommunicatingArtery)),
  ...pair('Anterior Cerebral Artery', anteriorCerebralArtery),
  ...pair('Posterior Communicating Artery', place(codes.posteriorCommunicatingArtery)),
  // the distal end of the basilar artery is its tip
  midline('Basilar Tip', place(codes.basilarArtery, codes.distal)),
  {
    kind: 'unpaired',
    name: 'Other Posterior Circulation',
    site: place(codes.cerebralArtery, codes.posteriorCirculation),
    tellsSide: true,
  },
  { kind: 'unpaired', name: 'Elsewhere', site: null, tellsSide: true },
];

function pair(name: string, site: Place): readonly SiteClass[] {
  return (['left', 'right'] as const).map((side) => ({
    kind: 'paired',
    name: `${side === 'left' ? 'Left' : 'Right'} ${name}`,
    site,
    side,
  }));
}

function midline(name: string, site: Place): SiteClass {
  return { kind: 'unpaired', name, site, tellsSide: false };
}

function plain({ value, scheme, meaning }: CodedConcept): CodedConcept {
  return { value, scheme, meaning };
}
