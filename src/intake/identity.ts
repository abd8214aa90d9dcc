import { createHash } from 'node:crypto';
import type { FrameGeometry } from '../volume/index.ts';

/**
 * The identity of an input set: SHA-256 over the sorted SOP Instance UIDs the frames were acquired as. Order, transport,
 * compression and conversion to a legacy converted enhanced object (Conversion Source Attributes, PS3.3 C.7.6.16.2.22)
 * do not change it.
 */
export function inputIdentity(frames: readonly Pick<FrameGeometry, 'sourceSopInstanceUid'>[]): string {
  const uids = [...new Set(frames.map((frame) => frame.sourceSopInstanceUid))].sort();
  return createHash('sha256').update(uids.join('\n')).digest('hex');
}
