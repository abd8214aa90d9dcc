import { codes, encodeDataset, type CodedConcept, type Dataset } from '../../dicom/index.ts';
import type { Finding } from '../../findings/index.ts';
import type { Volume } from '../../volume/index.ts';
import { codeItem, explicitVrLittleEndian, resultUid } from '../common.ts';
import { derivedMultiFrame, dimensions, frameGroups, positionDimension } from '../multi-frame.ts';
import { tracking } from '../references.ts';
import { haemorrhageSites } from '../sr/haemorrhage.ts';
import type { ResultInput, ResultInstance } from '../types.ts';
import type { FindingSegment } from './masks.ts';

export const segmentationSopClass = '1.2.840.10008.5.1.4.1.1.66.4';

/** CIELab of the orange that marks findings in our pictures (0.70, 0.14, 0.66), as PS3.3 C.10.7.1.1 scales it. */
const displayColour = [46_918, 40_092, 50_115] as const;

const segmentDimension = { pointer: 0x0062000b, group: 0x0062000a, label: 'Segment Number' };

/** Binary masks of the findings on the source's grid, one segment a finding, only frames that have any (PS3.3 A.51). */
export function buildSegmentation(
  input: ResultInput,
  volume: Volume,
  segments: readonly FindingSegment[],
): ResultInstance {
  const frames = segments.flatMap((segment) => segment.slices.map((slice) => ({ segment, ...slice })));
  const place = {
    kind: 'seg',
    sopClassUid: segmentationSopClass,
    modality: 'SEG',
    seriesNumber: 9906,
    description: 'Willis segmentation',
  } as const;
  const positions = [...new Set(frames.map(({ slice }) => slice))].sort((a, b) => a - b);
  const dataset = encodeDataset({
    ...derivedMultiFrame(input, volume, place),
    ...dimensions(input, 'seg', [segmentDimension, positionDimension]),
    ImageType: ['DERIVED', 'PRIMARY'],
    ContentLabel: 'FINDINGS',
    ContentDescription: `Findings of ${input.card.id}`.slice(0, 64),
    SegmentationType: 'BINARY',
    BitsAllocated: 1,
    BitsStored: 1,
    HighBit: 0,
    PixelRepresentation: 0,
    SegmentSequence: segments.map((segment) => segmentItem(input, segment)),
    NumberOfFrames: frames.length,
    PerFrameFunctionalGroupsSequence: frames.map(({ segment, slice }) => ({
      ...frameGroups(input, slice, {
        code: codes.segmentation,
        dimensionIndex: [segment.number, positions.indexOf(slice) + 1],
      }),
      SegmentIdentificationSequence: [{ ReferencedSegmentNumber: segment.number }],
    })),
    PixelData: packBits(frames.map(({ inside }) => inside)),
  });
  return {
    kind: 'seg',
    sopClassUid: segmentationSopClass,
    sopInstanceUid: resultUid(input, 'seg', 'instance 1'),
    seriesInstanceUid: resultUid(input, 'seg', 'series'),
    transferSyntaxUid: explicitVrLittleEndian,
    dataset,
  };
}

/** Segment Description (PS3.3 C.8.20.4): made by an algorithm, tracked as the report tracks it. */
function segmentItem(input: ResultInput, segment: FindingSegment): Dataset {
  const finding = input.findings.findings[segment.finding]!;
  const { identifier, uid } = tracking(input, finding, segment.finding);
  return {
    SegmentNumber: segment.number,
    SegmentLabel: identifier,
    SegmentAlgorithmType: 'AUTOMATIC',
    SegmentAlgorithmName: input.card.id,
    SegmentationAlgorithmIdentificationSequence: [
      {
        AlgorithmFamilyCodeSequence: [codeItem(codes.artificialIntelligence)],
        AlgorithmName: input.card.id,
        AlgorithmVersion: input.card.version,
        AlgorithmSource: input.card.manufacturer,
      },
    ],
    SegmentedPropertyCategoryCodeSequence: [codeItem(codes.morphologicallyAbnormalStructure)],
    SegmentedPropertyTypeCodeSequence: [codeItem(codes[finding.kind])],
    AnatomicRegionSequence: [region(finding)],
    TrackingID: identifier,
    TrackingUID: uid,
    RecommendedDisplayCIELabValue: displayColour,
  };
}

function region(finding: Finding): Dataset {
  if (finding.kind === 'aneurysm') {
    const { laterality, modifier, ...artery } = finding.site;
    const side = laterality === null ? [] : [codes[laterality]];
    return modified(codeItem(artery), [...side, ...(modifier === undefined ? [] : [modifier])]);
  }
  const { site, modifier } = haemorrhageSites[finding.subtype];
  return modified(codeItem(site), modifier === undefined ? [] : [modifier]);
}

function modified(site: Dataset, modifiers: readonly CodedConcept[]): Dataset {
  return modifiers.length === 0 ? site : { ...site, AnatomicRegionModifierSequence: modifiers.map(codeItem) };
}

/** One bit a pixel, the first pixel in the lowest bit, frames following each other without padding (PS3.5 8.1.1). */
function packBits(frames: readonly Uint8Array[]): Uint8Array {
  const pixels = frames.reduce((sum, frame) => sum + frame.length, 0);
  const packed = new Uint8Array(Math.ceil(pixels / 8));
  let bit = 0;
  for (const frame of frames) {
    for (const inside of frame) {
      if (inside === 1) packed[bit >> 3] = packed[bit >> 3]! | (1 << (bit & 7));
      bit += 1;
    }
  }
  return packed;
}
