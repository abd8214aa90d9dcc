import { codes, type Dataset } from '../../dicom/index.ts';
import type { Finding } from '../../findings/index.ts';
import { keyFrameOf, tracking } from '../references.ts';
import { aneurysmItems } from './aneurysm.ts';
import { haemorrhageItems } from './haemorrhage.ts';
import { code, container, image, text, uidReference } from './items.ts';
import type { FindingPlace, ReportContext } from './place.ts';

/** One finding as a Measurement Group (TID 1410, 1411 or 1501): its identity first (TID 4108), then what it is and measures. */
export function measurementGroup(report: ReportContext, finding: Finding, index: number): Dataset {
  const at: FindingPlace = { index, ...keyFrameOf(report.input, finding) };
  const { identifier, uid } = tracking(report.input, finding, index);
  const { template, items } =
    finding.kind === 'aneurysm' ? aneurysmItems(report, finding, at) : haemorrhageItems(report, finding, at);
  return container(
    'CONTAINS',
    codes.measurementGroup,
    [
      text('HAS OBS CONTEXT', codes.trackingIdentifier, identifier),
      uidReference('HAS OBS CONTEXT', codes.trackingUniqueIdentifier, uid),
      ...items,
      ...explanation(report, at),
    ],
    template,
  );
}

const methods = {
  'class-activation': codes.classActivation,
  'gradient-weighted-class-activation': codes.gradientWeightedClassActivation,
  saliency: codes.saliency,
} as const;

/** The picture that shows why (CID 217 tells how it was made, where it is one of those). */
function explanation({ input, companions }: ReportContext, at: FindingPlace): readonly Dataset[] {
  const picture = companions.explanation(at.slice);
  if (picture === null) return [];
  const explains = input.output?.maps?.explains;
  const method =
    explains === undefined ? [] : [code('HAS CONCEPT MOD', codes.measurementMethod, methods[explains])];
  return [image('CONTAINS', codes.visualExplanation, picture, method)];
}
