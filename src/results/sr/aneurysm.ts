import { codes, type Dataset } from '../../dicom/index.ts';
import type { AneurysmFinding } from '../../findings/index.ts';
import { algorithm } from './context.ts';
import { pointItem, type FindingPlace, type GroupContent, type ReportContext } from './place.ts';
import { growthItems } from './growth.ts';
import { code, image, number } from './items.ts';

/**
 * An aneurysm: TID 1411 Volumetric ROI where it is segmented, its centre then being where its diameter was measured
 * (TID 320); else TID 1410 with the centre as the region.
 */
export function aneurysmItems(
  report: ReportContext,
  aneurysm: AneurysmFinding,
  at: FindingPlace,
): GroupContent {
  const segment = report.companions.segment(at.index);
  const point = aneurysm.centreLpsMm;
  const measuredAt = { relationship: 'INFERRED FROM', name: codes.sourceOfMeasurement, point } as const;
  const region = { relationship: 'CONTAINS', name: codes.imageRegion, point } as const;
  const place =
    segment === null
      ? [image('CONTAINS', codes.sourceOfMeasurement, at.image), pointItem(report, at, region)]
      : [
          image('CONTAINS', codes.referencedSegment, segment),
          image('CONTAINS', codes.sourceImageForSegmentation, at.image),
        ];
  const diameter = { value: aneurysm.maxDiameterMm, unit: codes.millimetre };
  const volume = { value: aneurysm.volumeMm3, unit: codes.cubicMillimetre };
  const probability = { value: aneurysm.probability, unit: codes.noUnits };
  return {
    template: segment === null ? '1410' : '1411',
    items: [
      code('CONTAINS', codes.finding, codes.aneurysm),
      site(aneurysm),
      ...place,
      number(
        'CONTAINS',
        codes.diameter,
        diameter,
        segment === null ? [] : [pointItem(report, at, measuredAt)],
      ),
      number('CONTAINS', codes.volume, volume),
      number('CONTAINS', codes.probability, probability, algorithm(report.input, aneurysm)),
      ...growthItems(aneurysm),
    ],
  };
}

function site({ site: { laterality, modifier, ...artery } }: AneurysmFinding): Dataset {
  const side = laterality === null ? [] : [code('HAS CONCEPT MOD', codes.laterality, codes[laterality])];
  const part = modifier === undefined ? [] : [code('HAS CONCEPT MOD', codes.topographicalModifier, modifier)];
  return code('HAS CONCEPT MOD', codes.findingSite, artery, [...side, ...part]);
}
