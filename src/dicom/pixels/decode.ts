import dicomParser from 'dicom-parser';
import { WillisError, describeError } from '../../errors.ts';
import type { Element, Instance } from '../read/instance.ts';
import { decodeNative, type EncodedFrame, type Family } from './native-codecs.ts';

/** Stored values of one frame, row by row (samples interleaved), before any rescale. */
export interface StoredPixels {
  readonly rows: number;
  readonly columns: number;
  readonly samplesPerPixel: number;
  readonly data: Int8Array | Uint8Array | Int16Array | Uint16Array | Int32Array | Uint32Array;
}

/** Transfer syntaxes (PS3.5 Annex A) and the codec family that reads each. Not here: what no codec library decodes. */
const families: ReadonlyMap<string, Family> = new Map([
  ['1.2.840.10008.1.2.5', 'rle'],
  ['1.2.840.10008.1.2.4.50', 'jpeg'],
  ['1.2.840.10008.1.2.4.51', 'jpeg'],
  // retired, but old archives still send them
  ['1.2.840.10008.1.2.4.53', 'jpeg'],
  ['1.2.840.10008.1.2.4.55', 'jpeg'],
  ['1.2.840.10008.1.2.4.57', 'jpeg'],
  ['1.2.840.10008.1.2.4.70', 'jpeg'],
  ['1.2.840.10008.1.2.4.80', 'jpeg-ls'],
  ['1.2.840.10008.1.2.4.81', 'jpeg-ls'],
  ['1.2.840.10008.1.2.4.90', 'jpeg-2000'],
  ['1.2.840.10008.1.2.4.91', 'jpeg-2000'],
  ['1.2.840.10008.1.2.4.110', 'jpeg-xl'],
  ['1.2.840.10008.1.2.4.111', 'jpeg-xl'],
  ['1.2.840.10008.1.2.4.112', 'jpeg-xl'],
  ['1.2.840.10008.1.2.4.201', 'htj2k'],
  ['1.2.840.10008.1.2.4.202', 'htj2k'],
  ['1.2.840.10008.1.2.4.203', 'htj2k'],
]);

const uncompressed: ReadonlySet<string> = new Set([
  '1.2.840.10008.1.2',
  '1.2.840.10008.1.2.1',
  '1.2.840.10008.1.2.1.99',
  '1.2.840.10008.1.2.2',
]);

/** Transfer syntaxes whose pixels can be analysed. */
export const decodableSyntaxes: readonly string[] = [...uncompressed, ...families.keys()];

/**
 * Decodes frame `frame` (0-based). Bits above Bits Stored are masked or sign-extended (PS3.5 8.1.1). Throws
 * TRANSFER_SYNTAX_NOT_DECODABLE where no codec is at hand, PIXEL_DATA_INVALID where the bytes do not decode.
 */
export async function decodeFrame(instance: Instance, frame: number): Promise<StoredPixels> {
  const layout = layoutOf(instance);
  const element = instance.dataSet.elements['x7fe00010'];
  if (element === undefined) throw invalid('it has no Pixel Data');
  const bytes = await frameBytes(instance, element, layout, frame);
  const { rows, columns, samplesPerPixel } = layout;
  return { rows, columns, samplesPerPixel, data: storedValues(bytes, layout) };
}

interface Layout extends Omit<EncodedFrame, 'bytes'> {
  readonly highBit: number;
  readonly bigEndian: boolean;
  readonly frameBytes: number;
}

function layoutOf(instance: Instance): Layout {
  const number = (keyword: string): number => instance.attributes.number(keyword) ?? 0;
  const rows = number('Rows');
  const columns = number('Columns');
  const bitsAllocated = number('BitsAllocated');
  const samplesPerPixel = number('SamplesPerPixel') || 1;
  if (rows === 0 || columns === 0) throw invalid('Rows or Columns is missing or zero');
  if (![8, 16, 32].includes(bitsAllocated))
    throw invalid(`Bits Allocated is ${bitsAllocated}, not 8, 16 or 32`);
  const bitsStored = number('BitsStored') || bitsAllocated;
  return {
    rows,
    columns,
    bitsAllocated,
    bitsStored,
    highBit: number('HighBit') || bitsStored - 1,
    samplesPerPixel,
    pixelRepresentation: number('PixelRepresentation'),
    photometricInterpretation: instance.attributes.text('PhotometricInterpretation') ?? 'MONOCHROME2',
    bigEndian: instance.transferSyntaxUid === '1.2.840.10008.1.2.2',
    frameBytes: (rows * columns * samplesPerPixel * bitsAllocated) / 8,
  };
}

async function frameBytes(
  instance: Instance,
  element: Element,
  layout: Layout,
  frame: number,
): Promise<Uint8Array> {
  const { transferSyntaxUid, dataSet } = instance;
  if (uncompressed.has(transferSyntaxUid)) {
    const start = element.dataOffset + frame * layout.frameBytes;
    if (start + layout.frameBytes > element.dataOffset + element.length)
      throw invalid('Pixel Data is shorter than its frames');
    // a copy: values are masked and swapped in place, and Buffer.slice would be a view
    return new Uint8Array(dataSet.byteArray.subarray(start, start + layout.frameBytes));
  }
  const family = families.get(transferSyntaxUid);
  if (family === undefined) {
    throw new WillisError(
      'TRANSFER_SYNTAX_NOT_DECODABLE',
      `Pixel data in transfer syntax ${transferSyntaxUid} cannot be decoded here. Let the sender use an uncompressed or lossless one.`,
    );
  }
  try {
    const bytes = encodedBytes(instance, element, frame);
    const decoded = await decodeNative(family, { ...layout, bytes });
    if (decoded.length < layout.frameBytes) throw new Error('the decoded frame is too short');
    return new Uint8Array(decoded.subarray(0, layout.frameBytes));
  } catch (cause) {
    throw invalid(`it does not decode (${describeError(cause)})`, cause);
  }
}

/** The encoded frame: by the Basic Offset Table, else one fragment a frame, else by looking for frame ends (PS3.5 A.4). */
function encodedBytes(instance: Instance, element: Element, frame: number): Uint8Array {
  const { dataSet } = instance;
  const fragments = element.fragments ?? [];
  if (instance.frameCount <= 1)
    return dicomParser.readEncapsulatedPixelDataFromFragments(dataSet, element, 0, fragments.length);
  if ((element.basicOffsetTable ?? []).length > 0)
    return dicomParser.readEncapsulatedImageFrame(dataSet, element, frame);
  if (fragments.length === instance.frameCount)
    return dicomParser.readEncapsulatedPixelDataFromFragments(dataSet, element, frame, 1);
  const offsets = dicomParser.createJPEGBasicOffsetTable(dataSet, element);
  return dicomParser.readEncapsulatedImageFrame(dataSet, element, frame, offsets);
}

function storedValues(bytes: Uint8Array, layout: Layout): StoredPixels['data'] {
  const signed = layout.pixelRepresentation === 1;
  if (layout.bitsAllocated === 8)
    return signed ? new Int8Array(bytes.buffer, bytes.byteOffset, bytes.length) : bytes;
  const buffer = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length);
  if (layout.bigEndian) layout.bitsAllocated === 16 ? buffer.swap16() : buffer.swap32();
  const { buffer: store, byteOffset } = aligned(bytes, layout.bitsAllocated / 8);
  const count = layout.rows * layout.columns * layout.samplesPerPixel;
  if (layout.bitsAllocated === 32)
    return signed ? new Int32Array(store, byteOffset, count) : new Uint32Array(store, byteOffset, count);
  const data = signed ? new Int16Array(store, byteOffset, count) : new Uint16Array(store, byteOffset, count);
  return layout.bitsStored < 16 ? withoutUnusedBits(data, layout) : data;
}

/** Overlay bits and garbage may sit above High Bit; signed values are extended from it. */
function withoutUnusedBits(data: Int16Array | Uint16Array, layout: Layout): Int16Array | Uint16Array {
  const down = layout.highBit + 1 - layout.bitsStored;
  const up = 15 - layout.highBit;
  const signed = layout.pixelRepresentation === 1;
  for (let index = 0; index < data.length; index += 1) {
    const left = (data[index]! << (16 + up)) >> 0;
    data[index] = signed ? left >> (16 + up + down) : left >>> (16 + up + down);
  }
  return data;
}

function aligned(bytes: Uint8Array, size: number): Uint8Array {
  return bytes.byteOffset % size === 0 ? bytes : new Uint8Array(bytes);
}

function invalid(why: string, cause?: unknown): WillisError {
  return new WillisError('PIXEL_DATA_INVALID', `The pixel data of an instance is not usable: ${why}.`, {
    cause,
  });
}
