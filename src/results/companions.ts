import { multiFrameTrueColour } from './multi-frame-capture.ts';
import { parametricMapReference } from './parametric-map.ts';
import { hasFrameOfReference, resultReference, type ImageReference } from './references.ts';
import { segmentationSopClass } from './seg/index.ts';
import type { FindingSegment } from './seg/masks.ts';
import type { ResultInput, ResultKind } from './types.ts';

const secondaryCaptureSopClass = '1.2.840.10008.5.1.4.1.1.7';

/** Other results of the same analysis that a report points at; only those that are made with it. */
export interface Companions {
  /** The picture that shows why, on a slice of the stack; null where there is none. */
  readonly explanation: (slice: number) => ImageReference | null;
  /** The segment of a finding, by its place among the findings; null where it has none. */
  readonly segment: (finding: number) => ImageReference | null;
  /** Names what is pointed at: a report that points elsewhere is another report, with another UID. */
  readonly signature: string;
}

/** What a report may point at, given what is made with it. */
export function companionsOf(
  input: ResultInput,
  kinds: readonly ResultKind[],
  segments: readonly FindingSegment[],
): Companions {
  const explanation = explainingKind(input, kinds);
  const signature = [explanation, segments.length > 0 ? 'seg' : undefined].filter(
    (part) => part !== undefined,
  );
  return {
    explanation: (slice) => (explanation === undefined ? null : explain[explanation](input, slice)),
    segment: (finding) => {
      const segment = segments.find((one) => one.finding === finding);
      if (segment === undefined) return null;
      const object = resultReference(input, 'seg', segmentationSopClass, 'instance 1');
      return { ...object, segmentNumber: segment.number };
    },
    signature: signature.join(' and '),
  };
}

/** The images beside the source that a finding's part of a report points at. */
export function companionImages(
  companions: Companions,
  at: { readonly index: number; readonly slice: number },
): readonly ImageReference[] {
  return [companions.explanation(at.slice), companions.segment(at.index)].filter(
    (reference) => reference !== null,
  );
}

function explainingKind(input: ResultInput, kinds: readonly ResultKind[]): keyof typeof explain | undefined {
  if (input.output?.maps == null || input.volume === null) return undefined;
  if (kinds.includes('heatmap')) return 'heatmap';
  if (kinds.includes('heatmap-multiframe')) return 'heatmap-multiframe';
  return kinds.includes('parametric-map') && hasFrameOfReference(input) ? 'parametric-map' : undefined;
}

const explain = {
  heatmap: heatmapReference,
  'heatmap-multiframe': multiFrameHeatmapReference,
  'parametric-map': parametricMapReference,
} as const;

function multiFrameHeatmapReference(input: ResultInput, slice: number): ImageReference {
  const heatmap = resultReference(input, 'heatmap-multiframe', multiFrameTrueColour, 'instance 1');
  return { ...heatmap, frameNumber: slice + 1 };
}

function heatmapReference(input: ResultInput, slice: number): ImageReference {
  return resultReference(input, 'heatmap', secondaryCaptureSopClass, `instance ${slice + 1}`);
}
