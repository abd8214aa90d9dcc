import { decodeFrame, type Instance, type StoredPixels } from '../../dicom/index.ts';
import type { GreyOrColour, Window } from './tasks.ts';

/** One frame (0-based) as it is shown: colour as it is, grey through the window asked for, the image's own, or its range. */
export async function makePicture(
  instance: Instance,
  frame: number,
  asked: Window | null,
): Promise<GreyOrColour> {
  const pixels = await decodeFrame(instance, frame);
  const { columns: width, rows: height } = pixels;
  if (pixels.samplesPerPixel === 3) return { width, height, channels: 3, data: Uint8Array.from(pixels.data) };
  const slope = instance.attributes.number('RescaleSlope') ?? 1;
  const intercept = instance.attributes.number('RescaleIntercept') ?? 0;
  const window = asked ?? ownWindow(instance) ?? rangeOf(pixels, slope, intercept);
  const inverted = instance.attributes.text('PhotometricInterpretation') === 'MONOCHROME1';
  const data = new Uint8Array(pixels.data.length);
  for (let index = 0; index < data.length; index += 1) {
    const grey = linear(pixels.data[index]! * slope + intercept, window);
    data[index] = inverted ? 255 - grey : grey;
  }
  return { width, height, channels: 1, data };
}

function ownWindow(instance: Instance): Window | null {
  const center = instance.attributes.number('WindowCenter');
  const width = instance.attributes.number('WindowWidth');
  return center === undefined || width === undefined || width < 1 ? null : { center, width };
}

function rangeOf(pixels: StoredPixels, slope: number, intercept: number): Window {
  let low = Infinity;
  let high = -Infinity;
  for (const value of pixels.data) {
    if (value < low) low = value;
    if (value > high) high = value;
  }
  const ends = [low * slope + intercept, high * slope + intercept];
  const width = Math.abs(ends[1]! - ends[0]!) + 1;
  return { center: (ends[0]! + ends[1]!) / 2 + 0.5, width };
}

/** VOI LUT Function LINEAR (PS3.3 C.11.2.1.2.1), to 0..255. */
function linear(value: number, { center, width }: Window): number {
  const low = center - 0.5 - (width - 1) / 2;
  if (value <= low) return 0;
  if (value > low + width - 1) return 255;
  return Math.round(((value - (center - 0.5)) / Math.max(width - 1, 1) + 0.5) * 255);
}
