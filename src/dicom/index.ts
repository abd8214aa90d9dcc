export type { Attributes, RawElement } from './read/attributes.ts';
export { dictionaryEntry, keywordOf } from './dictionary.ts';
export { hexWord } from './hex.ts';
export {
  readUpToPixelData,
  readHeader,
  readInstance,
  readInstanceHeader,
  type Instance,
  type PixelDataPlace,
} from './read/instance.ts';
export { decodableSyntaxes, decodeFrame, type StoredPixels } from './pixels/decode.ts';
export { codes, type CodedConcept } from './write/codes.ts';
export { decimal, encodeDataset, type Dataset, type DatasetValue } from './write/encode.ts';
export { derivedUid, uuidUid } from './write/uids.ts';
export { implementation, part10Header } from './write/part10.ts';
export { implicitVrLittleEndian, losslessSyntaxes, transcodeDataset } from './write/transcode.ts';
export { readHeaderJson, type JsonAttribute, type JsonDataset } from './read/json.ts';
