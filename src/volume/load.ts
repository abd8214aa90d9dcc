import { decodeFrame, type Attributes, type Instance, type StoredPixels } from '../dicom/index.ts';
import { WillisError } from '../errors.ts';
import { frameGeometries, slicesIn, type FrameGeometry } from './frame-geometry.ts';
import { checkStack, type StackOutcome } from './stack.ts';
import type { Volume } from './types.ts';
import { axesOf, length, subtract } from './vectors.ts';

/** A decoded series: the volume on the grid it was acquired on, and the frame behind each of its z slices. */
export interface LoadedSeries {
  readonly volume: Volume;
  readonly frames: readonly FrameGeometry[];
}

/**
 * Decodes the instances of one series into a volume: x along rows, y down columns, z along the normal, values after Rescale
 * Slope and Intercept. MONOCHROME1 is mirrored about its own range; Pixel Padding becomes the least value. Throws
 * NO_GEOMETRY where an image has no place, VOLUME_NOT_LOADABLE where the frames do not stack, and what `decodeFrame` throws.
 */
export async function loadVolume(instances: readonly Instance[]): Promise<LoadedSeries> {
  const byUid = new Map(instances.map((instance) => [instance.sopInstanceUid, instance]));
  const placed = instances.flatMap((one) =>
    frameGeometries(one.sopClassUid, one.sopInstanceUid, one.attributes),
  );
  requirePlaces(
    placed.length,
    instances.reduce((sum, one) => sum + slicesIn(one), 0),
  );
  const stack = checkStack(placed);
  if (stack.kind === 'not-a-stack') throw new WillisError('VOLUME_NOT_LOADABLE', stack.reason.text);
  const first = stack.frames[0]!;
  const plane = first.rows * first.columns;
  const data = new Float32Array(plane * stack.frames.length);
  for (const [index, frame] of stack.frames.entries()) {
    const slice = data.subarray(index * plane, (index + 1) * plane);
    await fillSlice(slice, byUid.get(frame.sopInstanceUid)!, frame.frameNumber ?? 1);
  }
  if (byUid.get(first.sopInstanceUid)?.attributes.text('PhotometricInterpretation') === 'MONOCHROME1')
    mirror(data);
  const volume: Volume = {
    size: [first.columns, first.rows, stack.frames.length],
    originLpsMm: first.imagePositionPatient,
    ...gridOf(stack),
    data,
  };
  return { volume, frames: stack.frames };
}

/** What has no place cannot be stacked, and the rest may still make an even stack: of a part of the head. */
function requirePlaces(placed: number, held: number): void {
  if (placed >= held) return;
  throw new WillisError(
    'NO_GEOMETRY',
    `${held - placed} of ${held} slices do not say where in the patient they lie: Image Position (Patient), Image Orientation (Patient) or Pixel Spacing is missing, or holds no usable number. Without them the series is not whole.`,
  );
}

/** Of a tilted gantry's stack the third axis runs along the table: its voxels stay where they were imaged. */
function gridOf({
  frames,
  spacingMm,
  tiltDegrees,
}: Extract<StackOutcome, { kind: 'stack' }>): Pick<Volume, 'spacingMm' | 'directions'> {
  const first = frames[0]!;
  const [row, column, normal] = axesOf(first);
  const inPlane = [first.pixelSpacing[1], first.pixelSpacing[0]] as const;
  if (tiltDegrees === 0) return { spacingMm: [...inPlane, spacingMm], directions: [row, column, normal] };
  const way = subtract(frames.at(-1)!.imagePositionPatient, first.imagePositionPatient);
  const step = length(way);
  return {
    spacingMm: [...inPlane, step / (frames.length - 1)],
    directions: [row, column, [way[0] / step, way[1] / step, way[2] / step]],
  };
}

async function fillSlice(slice: Float32Array, instance: Instance, frameNumber: number): Promise<void> {
  const pixels = await decodeFrame(instance, frameNumber - 1);
  if (pixels.samplesPerPixel !== 1 || pixels.data.length !== slice.length) {
    throw new WillisError(
      'VOLUME_NOT_LOADABLE',
      'The images are in colour, or their pixels do not fill Rows x Columns.',
    );
  }
  const { slope, intercept } = rescaleOf(instance, frameNumber);
  const isPadding = paddingOf(instance);
  const least = leastValue(pixels, isPadding);
  for (let index = 0; index < slice.length; index += 1) {
    const stored = pixels.data[index]!;
    slice[index] = (isPadding !== null && isPadding(stored) ? least : stored) * slope + intercept;
  }
}

/** Rescale Slope and Intercept: of the image, or of the frame's Pixel Value Transformation (PS3.3 C.7.6.16.2.9). */
function rescaleOf(instance: Instance, frameNumber: number): { slope: number; intercept: number } {
  const { attributes } = instance;
  const groups = [
    attributes.items('PerFrameFunctionalGroupsSequence')[frameNumber - 1],
    ...attributes.items('SharedFunctionalGroupsSequence'),
  ];
  const inGroup = groups.flatMap((group) => group?.items('PixelValueTransformationSequence') ?? [])[0];
  const from = inGroup ?? attributes;
  return {
    slope: rescaleValue(from, 'RescaleSlope', 1),
    intercept: rescaleValue(from, 'RescaleIntercept', 0),
  };
}

function rescaleValue(
  from: Attributes,
  keyword: 'RescaleSlope' | 'RescaleIntercept',
  absent: number,
): number {
  if (!from.has(keyword)) return absent;
  const value = from.number(keyword);
  if (value !== undefined && Number.isFinite(value) && !(keyword === 'RescaleSlope' && value === 0))
    return value;
  throw new WillisError(
    'RESCALE_INVALID',
    `${keyword} is "${from.text(keyword) ?? ''}", which is no usable number: the grey values cannot be told. Correct it at the source and send the series again.`,
  );
}

/** Pixel Padding Value, or the range up to Pixel Padding Range Limit (PS3.3 C.7.5.1.1.2). */
function paddingOf(instance: Instance): ((stored: number) => boolean) | null {
  const value = instance.attributes.number('PixelPaddingValue');
  if (value === undefined) return null;
  const limit = instance.attributes.number('PixelPaddingRangeLimit') ?? value;
  const low = Math.min(value, limit);
  const high = Math.max(value, limit);
  return (stored) => stored >= low && stored <= high;
}

function leastValue(pixels: StoredPixels, isPadding: ((stored: number) => boolean) | null): number {
  if (isPadding === null) return 0;
  let least = Infinity;
  for (const stored of pixels.data) if (stored < least && !isPadding(stored)) least = stored;
  return Number.isFinite(least) ? least : 0;
}

function mirror(data: Float32Array): void {
  let low = Infinity;
  let high = -Infinity;
  for (const value of data) {
    if (value < low) low = value;
    if (value > high) high = value;
  }
  for (let index = 0; index < data.length; index += 1) data[index] = low + high - data[index]!;
}
