import { WillisError } from '../errors.ts';

/** File Meta Information of a Part 10 file (PS3.10 7.1), and where its data set begins. */
export interface Part10Head {
  readonly sopClassUid: string;
  readonly sopInstanceUid: string;
  readonly transferSyntaxUid: string;
  readonly datasetOffset: number;
}

const longestMetaBytes = 65_536;

/** Reads preamble and File Meta Information from the first bytes of a file; throws DICOM_UNREADABLE. */
export function splitPart10(bytes: Buffer): Part10Head {
  if (bytes.length < 144 || bytes.toString('latin1', 128, 132) !== 'DICM')
    throw unreadable('it has no DICM mark');
  const hasLength = bytes.readUInt16LE(132) === 2 && bytes.readUInt16LE(134) === 0;
  const metaBytes = bytes.readUInt32LE(140);
  if (!hasLength || metaBytes > longestMetaBytes || bytes.length < 144 + metaBytes)
    throw unreadable('its File Meta Information has no sound length');
  const values = metaValues(bytes.subarray(144, 144 + metaBytes));
  const [sopClassUid = '', sopInstanceUid = '', transferSyntaxUid = ''] = [0x0002, 0x0003, 0x0010].map(
    (element) => values.get(element),
  );
  const uids = [sopClassUid, sopInstanceUid, transferSyntaxUid];
  if (!uids.every((uid) => /^[0-9.]{1,64}$/.test(uid)))
    throw unreadable('its File Meta Information lacks UIDs');
  return { sopClassUid, sopInstanceUid, transferSyntaxUid, datasetOffset: 144 + metaBytes };
}

/** Elements of group 0002, always Explicit VR Little Endian. */
function metaValues(meta: Buffer): ReadonlyMap<number, string> {
  const values = new Map<number, string>();
  let at = 0;
  while (at + 8 <= meta.length) {
    const long = /^(OB|OW|UN|SQ|UT)$/.test(meta.toString('latin1', at + 4, at + 6));
    const start = at + (long ? 12 : 8);
    if (start > meta.length) throw unreadable('its File Meta Information is cut off');
    const length = long ? meta.readUInt32LE(at + 8) : meta.readUInt16LE(at + 6);
    if (meta.readUInt16LE(at) !== 2 || start + length > meta.length)
      throw unreadable('its File Meta Information does not add up');
    values.set(
      meta.readUInt16LE(at + 2),
      meta.toString('latin1', start, start + length).replace(/[\0 ]+$/, ''),
    );
    at = start + length;
  }
  return values;
}

function unreadable(why: string): WillisError {
  return new WillisError('DICOM_UNREADABLE', `The bytes are not a DICOM Part 10 file: ${why}.`);
}
