import { codes, type Dataset } from '../../dicom/index.ts';
import type { AneurysmFinding, Growth } from '../../findings/index.ts';
import { priorReport, type ImageReference } from '../references.ts';
import { code, composite, container, date, number, uidReference } from './items.ts';

const changes = {
  grown: codes.increaseInSize,
  shrunk: codes.decreaseInSize,
  unchanged: codes.noSignificantChange,
} as const;

/**
 * What became of an aneurysm since a prior (CID 6134), with the differences and the prior's own values it is inferred from. They
 * lie below the judgement and not in the group, where a reader would take a former diameter for the present one.
 */
export function growthItems(aneurysm: AneurysmFinding): readonly Dataset[] {
  const { growth } = aneurysm;
  if (growth === undefined) return [];
  const inMillimetre = aneurysm.maxDiameterMm - growth.priorMaxDiameterMm;
  const inCubicMillimetre = aneurysm.volumeMm3 - growth.priorVolumeMm3;
  const { differenceInSize, millimetre, cubicMillimetre } = codes;
  return [
    code('CONTAINS', differenceInSize, changes[growth.change], [
      number('INFERRED FROM', differenceInSize, { value: inMillimetre, unit: millimetre }),
      number('INFERRED FROM', differenceInSize, { value: inCubicMillimetre, unit: cubicMillimetre }),
      previousFinding(growth, priorReport(aneurysm)),
    ]),
  ];
}

function previousFinding(
  { prior, priorMaxDiameterMm, priorVolumeMm3 }: Growth,
  report: ImageReference | null,
): Dataset {
  return container('INFERRED FROM', codes.previousFinding, [
    date('CONTAINS', codes.studyDate, prior.studyDate),
    uidReference('CONTAINS', codes.seriesInstanceUid, prior.seriesInstanceUid),
    ...(report === null ? [] : [composite('CONTAINS', codes.previousReports, report)]),
    number('CONTAINS', codes.diameter, { value: priorMaxDiameterMm, unit: codes.millimetre }),
    number('CONTAINS', codes.volume, { value: priorVolumeMm3, unit: codes.cubicMillimetre }),
  ]);
}
