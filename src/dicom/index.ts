export type { Attributes, RawElement } from './read/attributes.ts';
export { readHeader, readInstance, type Instance } from './read/instance.ts';
export { decodeFrame, type StoredPixels } from './pixels/decode.ts';
