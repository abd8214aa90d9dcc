export type { Attributes, RawElement } from './read/attributes.ts';
export { dictionaryEntry, keywordOf } from './dictionary.ts';
export { readHeader, readInstance, type Instance } from './read/instance.ts';
export { decodeFrame, type StoredPixels } from './pixels/decode.ts';
export { codes, type CodedConcept } from './write/codes.ts';
export { decimal, encodeDataset, type Dataset, type DatasetValue } from './write/encode.ts';
export { derivedUid } from './write/uids.ts';
export { implementation, part10Header } from './write/part10.ts';
export { readHeaderJson, type JsonAttribute, type JsonDataset } from './read/json.ts';
