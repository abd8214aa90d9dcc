import { codes, type CodedConcept, type Dataset } from '../../dicom/index.ts';
import type { HaemorrhageFinding, HaemorrhageSubtype } from '../../findings/index.ts';
import { sliceOf, sourceImage } from '../references.ts';
import { algorithm } from './context.ts';
import { pointItem, type FindingPlace, type GroupContent, type ReportContext } from './place.ts';
import { code, image, number, text } from './items.ts';

interface Place {
  readonly site: CodedConcept;
  readonly modifier?: CodedConcept;
}

/** The free set has no code for a subtype: a haemorrhage is told from the others by its site; both dural ones by their side of the dura. */
export const haemorrhageSites: Readonly<Record<HaemorrhageSubtype, Place>> = {
  epidural: { site: codes.duraMater, modifier: codes.external },
  intraparenchymal: { site: codes.brain },
  intraventricular: { site: codes.brainVentricle },
  subarachnoid: { site: codes.subarachnoidSpace },
  subdural: { site: codes.duraMater, modifier: codes.internal },
};

/** One subtype of haemorrhage: TID 1410 where its place is known, else TID 1501; a probability for the scan and one a slice. */
export function haemorrhageItems(
  report: ReportContext,
  haemorrhage: HaemorrhageFinding,
  at: FindingPlace,
): GroupContent {
  const { centreLpsMm, volumeMm3, probability, subtype } = haemorrhage;
  const region = { relationship: 'CONTAINS', name: codes.imageRegion } as const;
  const volume = { value: volumeMm3 ?? 0, unit: codes.cubicMillimetre };
  return {
    template: centreLpsMm === null ? '1501' : '1410',
    items: [
      code('CONTAINS', codes.finding, codes.haemorrhage),
      site(subtype),
      image('CONTAINS', codes.sourceOfMeasurement, at.image),
      ...(centreLpsMm === null ? [] : [pointItem(report, at, { ...region, point: centreLpsMm })]),
      ...(volumeMm3 === null ? [] : [number('CONTAINS', codes.volume, volume)]),
      number(
        'CONTAINS',
        codes.probability,
        { value: probability, unit: codes.noUnits },
        algorithm(report.input),
      ),
      ...slices(report, haemorrhage),
      text('CONTAINS', codes.comment, `Subtype: ${subtype}`),
    ],
  };
}

function site(subtype: HaemorrhageSubtype): Dataset {
  const { site: structure, modifier } = haemorrhageSites[subtype];
  const side = modifier === undefined ? [] : [code('HAS CONCEPT MOD', codes.topographicalModifier, modifier)];
  return code('HAS CONCEPT MOD', codes.findingSite, structure, side);
}

/** A slice's probability names the slice it was measured on (TID 320); the scan's names none. */
function slices({ input }: ReportContext, haemorrhage: HaemorrhageFinding): readonly Dataset[] {
  return haemorrhage.slices.map(({ sopInstanceUid, frameNumber, probability }) => {
    const frame = input.source.frames[sliceOf(input, sopInstanceUid, frameNumber)]!;
    return number('CONTAINS', codes.probability, { value: probability, unit: codes.noUnits }, [
      image('INFERRED FROM', codes.sourceOfMeasurement, sourceImage(input, frame)),
    ]);
  });
}
