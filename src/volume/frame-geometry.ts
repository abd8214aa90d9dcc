import type { Attributes, Instance } from '../dicom/index.ts';

export type Vector = readonly [number, number, number];

/** Where one frame lies in the patient (PS3.3 C.7.6.2, or its functional groups C.7.6.16.2). Plain data, mm, LPS. */
export interface FrameGeometry {
  readonly sopInstanceUid: string;
  readonly sopClassUid: string;
  /** 1-based in a multi-frame instance, null in a single-frame one. */
  readonly frameNumber: number | null;
  /** What the frame was acquired as: the single-frame original of a converted frame (0020,9172), else the instance itself. */
  readonly sourceSopInstanceUid: string;
  readonly imagePositionPatient: Vector;
  readonly imageOrientationPatient: readonly [number, number, number, number, number, number];
  /** Row spacing (down a column), column spacing (along a row). */
  readonly pixelSpacing: readonly [number, number];
  readonly rows: number;
  readonly columns: number;
  readonly frameOfReferenceUid: string;
  /** Tells apart what shares a position: echo, phase or diffusion weighting. */
  readonly temporalIndex: number;
}

/** The frames of an instance that have a place in the patient; an empty list where the header does not tell it. */
export function frameGeometries(
  sopClassUid: string,
  sopInstanceUid: string,
  attributes: Attributes,
): readonly FrameGeometry[] {
  const common = {
    sopClassUid,
    sopInstanceUid,
    rows: attributes.number('Rows') ?? 0,
    columns: attributes.number('Columns') ?? 0,
    frameOfReferenceUid: attributes.text('FrameOfReferenceUID') ?? '',
  };
  const perFrame = attributes.items('PerFrameFunctionalGroupsSequence');
  if (perFrame.length === 0) {
    const place = placeOf([attributes], [attributes], [attributes]);
    return place === null
      ? []
      : [{ ...common, ...place, frameNumber: null, sourceSopInstanceUid: sopInstanceUid, temporalIndex: 0 }];
  }
  const shared = attributes.items('SharedFunctionalGroupsSequence');
  return perFrame.flatMap((groups, index) => {
    const find = (sequence: string): readonly Attributes[] => [
      ...groups.items(sequence),
      ...shared.flatMap((group) => group.items(sequence)),
    ];
    const place = placeOf(
      find('PlanePositionSequence'),
      find('PlaneOrientationSequence'),
      find('PixelMeasuresSequence'),
    );
    if (place === null) return [];
    const original = find('ConversionSourceAttributesSequence')[0]?.text('ReferencedSOPInstanceUID');
    const frameNumber = index + 1;
    const sourceSopInstanceUid = original ?? `${sopInstanceUid}#${frameNumber}`;
    const temporalIndex = find('FrameContentSequence')[0]?.number('TemporalPositionIndex') ?? 0;
    return [{ ...common, ...place, frameNumber, sourceSopInstanceUid, temporalIndex }];
  });
}

/** A picture of a screen or a dose sheet is a page: it has no place, and takes none from the slices beside it. */
const secondaryCapture = /^1\.2\.840\.10008\.5\.1\.4\.1\.1\.7(\.|$)/;

/** How many slices an instance holds, whether their place is told or not; a page or a report holds none. */
export function slicesIn({ sopClassUid, attributes }: Instance): number {
  if (!attributes.has('Rows') || secondaryCapture.test(sopClassUid)) return 0;
  return Math.max(1, attributes.number('NumberOfFrames') ?? 1);
}

type Place = Pick<FrameGeometry, 'imagePositionPatient' | 'imageOrientationPatient' | 'pixelSpacing'>;

function placeOf(
  position: readonly Attributes[],
  orientation: readonly Attributes[],
  measures: readonly Attributes[],
): Place | null {
  const [x, y, z] = first(position, 'ImagePositionPatient');
  const [a, b, c, d, e, f] = first(orientation, 'ImageOrientationPatient');
  const [row, column] = first(measures, 'PixelSpacing');
  if (z === undefined || f === undefined || !row || !column) return null;
  return {
    imagePositionPatient: [x!, y!, z],
    imageOrientationPatient: [a!, b!, c!, d!, e!, f],
    pixelSpacing: [row, column],
  };
}

function first(from: readonly Attributes[], keyword: string): readonly number[] {
  return from.find((attributes) => attributes.has(keyword))?.numbers(keyword) ?? [];
}
