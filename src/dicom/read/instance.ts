import { inflateRawSync } from 'node:zlib';
import dicomParser, { type DataSet, type Element } from 'dicom-parser';
import { WillisError } from '../../errors.ts';
import { attributesOf, type Attributes } from './attributes.ts';

/** A DICOM object with its pixel data still encoded. */
export interface Instance {
  readonly transferSyntaxUid: string;
  readonly sopClassUid: string;
  readonly sopInstanceUid: string;
  readonly attributes: Attributes;
  readonly frameCount: number;
  /** The parsed data set, for the pixel decoder. */
  readonly dataSet: DataSet;
}

/** Exported by dicom-parser, but missing from its type declarations. */
const { DataSet: ParserDataSet } = dicomParser as unknown as {
  readonly DataSet: new (parser: unknown, bytes: Uint8Array, elements: object) => DataSet;
};

const implicitVrLittleEndian = '1.2.840.10008.1.2';
const explicitVrBigEndian = '1.2.840.10008.1.2.2';
const pixelData = 'x7fe00010';

/**
 * Parses a whole Part 10 file (PS3.10 7), with or without its preamble. Throws DICOM_UNREADABLE for anything else.
 * The result refers to `bytes`, it copies nothing.
 */
export function readInstance(bytes: Uint8Array): Instance {
  return instanceOf(parse(() => dicomParser.parseDicom(withPreamble(bytes), { inflater })));
}

function instanceOf(dataSet: DataSet): Instance {
  const attributes = attributesOf(dataSet);
  return {
    transferSyntaxUid: dataSet.string('x00020010') ?? implicitVrLittleEndian,
    sopClassUid: attributes.text('SOPClassUID') ?? dataSet.string('x00020002') ?? '',
    sopInstanceUid: attributes.text('SOPInstanceUID') ?? dataSet.string('x00020003') ?? '',
    attributes,
    frameCount: attributes.number('NumberOfFrames') ?? (dataSet.elements[pixelData] === undefined ? 0 : 1),
    dataSet,
  };
}

/** The same up to Pixel Data, for a file that is cut off or broken in it. Throws DICOM_UNREADABLE where it ends before. */
export function readInstanceHeader(bytes: Uint8Array): Instance {
  return instanceOf(
    parse(() => dicomParser.parseDicom(withPreamble(bytes), { inflater, untilTag: pixelData })),
  );
}

/** Where the value of Pixel Data begins in a data set, and how long it is; null: of undefined length, in fragments (PS3.5 A.4). */
export interface PixelDataPlace {
  readonly offset: number;
  readonly length: number | null;
}

/**
 * The attributes before Pixel Data of a bare data set (no Part 10 header) or of the first part of one. Throws HEADER_INCOMPLETE
 * when a cut part ends before Pixel Data (`whole` says that nothing was cut), DICOM_UNREADABLE when the bytes are no data set.
 */
export function readHeader(bytes: Uint8Array, transferSyntaxUid: string, whole: boolean): Attributes {
  return readUpToPixelData(bytes, transferSyntaxUid, whole).attributes;
}

/** The same, and where Pixel Data lies; null where the object has none. */
export function readUpToPixelData(
  bytes: Uint8Array,
  transferSyntaxUid: string,
  whole: boolean,
): { readonly attributes: Attributes; readonly pixelData: PixelDataPlace | null } {
  const bigEndian = transferSyntaxUid === explicitVrBigEndian;
  const parser = bigEndian ? dicomParser.bigEndianByteArrayParser : dicomParser.littleEndianByteArrayParser;
  const stream = new dicomParser.ByteStream(parser, bytes, 0);
  const dataSet = new ParserDataSet(parser, bytes, {});
  const options = { untilTag: pixelData };
  try {
    const readAll =
      transferSyntaxUid === implicitVrLittleEndian
        ? dicomParser.parseDicomDataSetImplicit
        : dicomParser.parseDicomDataSetExplicit;
    readAll(dataSet, stream, bytes.length, options);
  } catch (error) {
    throw whole ? unreadable(error) : incomplete();
  }
  const element = dataSet.elements[pixelData];
  if (!whole && element === undefined) throw incomplete();
  return { attributes: attributesOf(dataSet), pixelData: element === undefined ? null : placeOf(element) };
}

function placeOf({ dataOffset, length, hadUndefinedLength }: Element): PixelDataPlace {
  return { offset: dataOffset, length: hadUndefinedLength === true ? null : length };
}

function incomplete(): WillisError {
  return new WillisError('HEADER_INCOMPLETE', 'The bytes end inside the header; give more of them.');
}

/** A file without preamble starts with its meta information (or, older still, with the data set): dicom-parser wants the 132 bytes. */
function withPreamble(bytes: Uint8Array): Uint8Array {
  const magic = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('latin1', 128, 132);
  if (magic === 'DICM') return bytes;
  if (bytes[0] !== 2 || bytes[1] !== 0) return bytes;
  const padded = new Uint8Array(bytes.length + 132);
  padded.set([0x44, 0x49, 0x43, 0x4d], 128);
  padded.set(bytes, 132);
  return padded;
}

/** Deflated Explicit VR Little Endian (PS3.5 A.5): the data set is a raw deflate stream. A bomb is cut off at 2 GB. */
function inflater(bytes: Uint8Array, position: number): Uint8Array {
  const inflated = inflateRawSync(bytes.subarray(position), { maxOutputLength: 2 ** 31 });
  const whole = new Uint8Array(position + inflated.length);
  whole.set(bytes.subarray(0, position));
  whole.set(inflated, position);
  return whole;
}

/** dicom-parser throws strings, errors, and objects that hold one of both. */
function parse(read: () => DataSet): DataSet {
  try {
    return read();
  } catch (error) {
    throw unreadable(error);
  }
}

function unreadable(error: unknown): WillisError {
  const inner = typeof error === 'object' && error !== null && 'exception' in error ? error.exception : error;
  const text = inner instanceof Error ? inner.message : String(inner);
  return new WillisError('DICOM_UNREADABLE', `The bytes are not a DICOM object: ${text}.`, { cause: inner });
}

export type { Element };
