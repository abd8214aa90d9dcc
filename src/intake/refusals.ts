import type { Line } from './rules.ts';
import type { SeriesTraits } from './traits.ts';

/** Image Storage classes a pipeline can read as a volume (PS3.4 B.5): MR and CT, single-frame, enhanced, legacy converted. */
const volumeSopClasses: ReadonlySet<string> = new Set([
  '1.2.840.10008.5.1.4.1.1.4',
  '1.2.840.10008.5.1.4.1.1.4.1',
  '1.2.840.10008.5.1.4.1.1.4.4',
  '1.2.840.10008.5.1.4.1.1.2',
  '1.2.840.10008.5.1.4.1.1.2.1',
  '1.2.840.10008.5.1.4.1.1.2.2',
]);

/** Image Type values of scouts and of pictures computed from the scan; Value 1 must not be DERIVED (PS3.3 C.7.6.1.1.2). */
const refusedImageTypes = [
  'DERIVED',
  'SECONDARY',
  'LOCALIZER',
  'PROJECTION IMAGE',
  'MAXIMUM',
  'MIP',
  'CSA MIP',
  'MPR',
  'CSA MPR',
  'REFORMATTED',
  'SCREEN SAVE',
  'SUBTRACT',
  'SUBTRACTION',
] as const;

/** What is never an input whatever the rules say: not a volume, derived, a localizer, a MIP, or another node's result. */
export function refusals(traits: SeriesTraits): readonly Line[] {
  const imageType = traits.imageType.filter((value) =>
    (refusedImageTypes as readonly string[]).includes(value),
  );
  return [
    {
      condition: 'SOP Class is an MR or CT image',
      found: traits.sopClassUid || 'absent',
      holds: isVolume(traits),
    },
    {
      condition: 'Image Type is original: not derived, localizer, projection or reformat',
      found: traits.imageType.join('\\') || 'absent',
      holds: imageType.length === 0,
    },
    {
      condition: 'the images come from a scanner, not from processing software',
      found: traits.madeByProcessing
        ? 'Contributing Equipment names a processing device'
        : 'no processing device named',
      holds: !traits.madeByProcessing,
    },
  ];
}

/** Whether a series is of MR or CT images. */
export function isVolume({ sopClassUid }: SeriesTraits): boolean {
  return volumeSopClasses.has(sopClassUid);
}
