import type { DataSet, Element } from 'dicom-parser';
import { WillisError } from '../../errors.ts';
import { encodeNative, type LosslessFamily } from '../pixels/native-codecs.ts';
import { readInstance, type Instance } from '../read/instance.ts';

/** Lossless transfer syntaxes that results can be written in (PS3.5 Annex A). */
export const implicitVrLittleEndian = '1.2.840.10008.1.2';
const explicitVrLittleEndian = '1.2.840.10008.1.2.1';
export const losslessSyntaxes = {
  rle: '1.2.840.10008.1.2.5',
  'jpeg-ls': '1.2.840.10008.1.2.4.80',
  'jpeg-2000': '1.2.840.10008.1.2.4.90',
} as const satisfies Readonly<Record<LosslessFamily, string>>;

const families: ReadonlyMap<string, LosslessFamily> = new Map(
  Object.entries(losslessSyntaxes).map(([family, uid]) => [uid, family as LosslessFamily]),
);

/**
 * The data set (without Part 10 header) of a file in Explicit VR Little Endian, written anew in `transferSyntaxUid`: Implicit VR
 * Little Endian or a lossless compression of 8- and 16-bit pixels. Values stay as they are, so the SOP Instance UID may too
 * (PS3.4 B.4.1.3). Throws SYNTAX_NOT_WRITABLE.
 */
export async function transcodeDataset(file: Uint8Array, transferSyntaxUid: string): Promise<Buffer> {
  const instance = readInstance(file);
  if (instance.transferSyntaxUid !== explicitVrLittleEndian)
    throw notWritable(`a file in ${instance.transferSyntaxUid} is not converted`);
  if (transferSyntaxUid === implicitVrLittleEndian)
    return writeElements(instance.dataSet, implicitHeader, new Map());
  const family = families.get(transferSyntaxUid);
  if (family === undefined) throw notWritable(`there is no encoder for ${transferSyntaxUid}`);
  return await compressed(instance, family);
}

async function compressed(instance: Instance, family: LosslessFamily): Promise<Buffer> {
  const { dataSet, attributes } = instance;
  const pixels = dataSet.elements['x7fe00010'];
  const bitsAllocated = attributes.number('BitsAllocated') ?? 0;
  if (pixels === undefined || ![8, 16].includes(bitsAllocated))
    throw notWritable(`pixels of ${bitsAllocated} bits are not compressed`);
  const samplesPerPixel = attributes.number('SamplesPerPixel') ?? 1;
  const [rows, columns] = [attributes.number('Rows') ?? 0, attributes.number('Columns') ?? 0];
  const frameBytes = (rows * columns * samplesPerPixel * bitsAllocated) / 8;
  const frames: Uint8Array[] = [];
  for (let frame = 0; frame < instance.frameCount; frame += 1) {
    const start = pixels.dataOffset + frame * frameBytes;
    frames.push(
      await encodeNative(family, {
        bytes: dataSet.byteArray.subarray(start, start + frameBytes),
        rows,
        columns,
        bitsAllocated,
        bitsStored: attributes.number('BitsStored') ?? bitsAllocated,
        samplesPerPixel,
        pixelRepresentation: attributes.number('PixelRepresentation') ?? 0,
        photometricInterpretation: attributes.text('PhotometricInterpretation') ?? 'MONOCHROME2',
      }),
    );
  }
  const changed = new Map<string, Buffer>([['x7fe00010', encapsulated(frames)]]);
  // the codec applies the reversible colour transform, which the header must say (PS3.3 C.7.6.3.1.2)
  if (family === 'jpeg-2000' && samplesPerPixel === 3) {
    changed.set('x00280004', explicitElement('00280004', 'CS', Buffer.from('YBR_RCT ', 'latin1')));
  }
  return writeElements(dataSet, explicitHeader, changed);
}

/** Pixel Data of undefined length: Basic Offset Table, one fragment a frame, Sequence Delimitation Item (PS3.5 A.4). */
function encapsulated(frames: readonly Uint8Array[]): Buffer {
  const padded = frames.map((frame) =>
    frame.length % 2 === 0 ? frame : Buffer.concat([frame, Buffer.alloc(1)]),
  );
  const offsets = Buffer.alloc(4 * padded.length);
  let offset = 0;
  padded.forEach((frame, index) => {
    offsets.writeUInt32LE(offset, 4 * index);
    offset += frame.length + 8;
  });
  return Buffer.concat([
    explicitHeader('7FE00010', 'OB', 0xffffffff),
    itemHeader(0xe000, offsets.length),
    offsets,
    ...padded.flatMap((frame) => [itemHeader(0xe000, frame.length), frame]),
    itemHeader(0xe0dd, 0),
  ]);
}

type HeaderWriter = (tag: string, vr: string, length: number) => Buffer;

/** Elements by rising tag with new headers; sequences with explicit lengths, whatever they had. Group 0002 is left out. */
function writeElements(dataSet: DataSet, header: HeaderWriter, changed: ReadonlyMap<string, Buffer>): Buffer {
  const parts = Object.keys(dataSet.elements)
    .filter((key) => !key.startsWith('x0002') && !key.startsWith('xfffe'))
    .sort()
    .flatMap((key): Uint8Array[] => {
      const replaced = changed.get(key);
      if (replaced !== undefined) return [replaced];
      const element = dataSet.elements[key]!;
      const value = valueOf(dataSet, element, header);
      return [header(key.slice(1).toUpperCase(), element.vr ?? 'UN', value.length), value];
    });
  return Buffer.concat(parts);
}

function valueOf(dataSet: DataSet, element: Element, header: HeaderWriter): Uint8Array {
  if (element.items === undefined && element.vr !== 'SQ')
    return dataSet.byteArray.subarray(element.dataOffset, element.dataOffset + element.length);
  return Buffer.concat(
    (element.items ?? []).flatMap((item) => {
      const bytes =
        item.dataSet === undefined ? Buffer.alloc(0) : writeElements(item.dataSet, header, new Map());
      return [itemHeader(0xe000, bytes.length), bytes];
    }),
  );
}

const longLength: ReadonlySet<string> = new Set('OB OD OF OL OV OW SQ SV UC UN UR UT UV'.split(' '));

/** PS3.5 7.1.2. */
function explicitHeader(tag: string, vr: string, length: number): Buffer {
  const bytes = Buffer.alloc(longLength.has(vr) ? 12 : 8);
  bytes.writeUInt16LE(parseInt(tag.slice(0, 4), 16), 0);
  bytes.writeUInt16LE(parseInt(tag.slice(4), 16), 2);
  bytes.write(vr, 4, 'latin1');
  if (longLength.has(vr)) bytes.writeUInt32LE(length, 8);
  else bytes.writeUInt16LE(length, 6);
  return bytes;
}

function explicitElement(tag: string, vr: string, value: Buffer): Buffer {
  return Buffer.concat([explicitHeader(tag, vr, value.length), value]);
}

/** PS3.5 7.1.3. */
function implicitHeader(tag: string, _vr: string, length: number): Buffer {
  const bytes = Buffer.alloc(8);
  bytes.writeUInt16LE(parseInt(tag.slice(0, 4), 16), 0);
  bytes.writeUInt16LE(parseInt(tag.slice(4), 16), 2);
  bytes.writeUInt32LE(length, 4);
  return bytes;
}

function itemHeader(element: number, length: number): Buffer {
  const bytes = Buffer.alloc(8);
  bytes.writeUInt16LE(0xfffe, 0);
  bytes.writeUInt16LE(element, 2);
  bytes.writeUInt32LE(length, 4);
  return bytes;
}

function notWritable(why: string): WillisError {
  return new WillisError(
    'SYNTAX_NOT_WRITABLE',
    `The object cannot be sent in another transfer syntax: ${why}.`,
  );
}
