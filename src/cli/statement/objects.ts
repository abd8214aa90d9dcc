import { resultKinds } from '../../config/index.ts';
import { blocks, table } from './tables.ts';
import { uidName } from './uids.ts';

type Kind = (typeof resultKinds)[number];

const sc = '1.2.840.10008.5.1.4.1.1.7';
const storage = '1.2.840.10008.5.1.4.1.1.';

/** SOP Class and content of each kind of result. */
export const resultObjects: Readonly<
  Record<Kind, { readonly sopClassUid: string; readonly content: string }>
> = {
  summary: {
    sopClassUid: sc,
    content: 'one page, RGB: state, findings, what was looked at, what the model is for',
  },
  'summary-grey': { sopClassUid: sc, content: 'the same, MONOCHROME2' },
  heatmap: {
    sopClassUid: sc,
    content: 'one picture a source slice, RGB; extended by Image Plane and Frame of Reference',
  },
  'heatmap-multiframe': { sopClassUid: `${sc}.4`, content: 'the same in one object, RGB' },
  'heatmap-grey': { sopClassUid: sc, content: 'the same as single pictures, MONOCHROME2' },
  'key-views': { sopClassUid: sc, content: 'three planes through each finding, RGB' },
  cine: { sopClassUid: `${sc}.4`, content: 'rotating maximum intensity projection with marks, RGB' },
  curve: { sopClassUid: sc, content: 'probability of haemorrhage along the slices, RGB' },
  pdf: { sopClassUid: `${storage}104.1`, content: 'summary and key views' },
  sr: { sopClassUid: `${storage}88.34`, content: 'TID 1500, places as SCOORD3D' },
  'sr-comprehensive': { sopClassUid: `${storage}88.33`, content: 'TID 1500, places as SCOORD' },
  'sr-basic-text': { sopClassUid: `${storage}88.11`, content: 'the same in words' },
  seg: { sopClassUid: `${storage}66.4`, content: 'a binary segment a finding, in source geometry' },
  'parametric-map': {
    sopClassUid: `${storage}30`,
    content: 'probability a voxel, float, in source geometry',
  },
  kos: { sopClassUid: `${storage}88.59`, content: 'key images, title (113000, DCM, "Of Interest")' },
  'presentation-state': { sopClassUid: `${storage}11.1`, content: 'marks on the source images' },
};

/** SOP Classes that leave the node, each once. */
export const createdSopClasses: readonly string[] = [
  ...new Set(resultKinds.map((kind) => resultObjects[kind].sopClassUid)),
];

/** Annex A: what is created, and what of the source is kept. */
export function objectsAnnex(fallbacks: Readonly<Record<string, readonly string[] | undefined>>): string {
  return blocks(
    '## Annex A: SOP Instances that are created',
    'Which of them a destination gets is its `results`; what goes instead where one is refused is its `fallbacks` (defaults below).',
    table(
      ['kind', 'SOP Class', 'UID', 'content', 'instead, where refused'],
      resultKinds.map((kind) => {
        const { sopClassUid, content } = resultObjects[kind];
        return [kind, uidName(sopClassUid), sopClassUid, content, (fallbacks[kind] ?? []).join(', ') || '-'];
      }),
    ),
    'Patient and study attributes are copied byte for byte from the source, with its Specific Character Set (0008,0005). Values that devices often get wrong (birth date, sex, study date and time, age, size, weight) are left empty where they do not have the form of their VR. Series and Instance UIDs are derived (2.25 and 128 bits of a SHA-256) from input set, bundle, version and kind: the same input gives the same UIDs. Contributing Equipment Sequence (0018,A001) names the algorithm as (109102, DCM, "Processing Equipment") with a Device UID that changes with the bundle.',
    'No private attributes, no private SOP Classes. The Image Plane and Frame of Reference modules in Secondary Capture make a Standard Extended SOP Class.',
  );
}
