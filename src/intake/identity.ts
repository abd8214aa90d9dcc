import { createHash } from 'node:crypto';
import type { FrameGeometry } from '../volume/index.ts';

/** An instance as the identity of an input set sees it. */
interface InputInstance {
  readonly sopInstanceUid: string;
  /** Those with a place in the patient. */
  readonly frames: readonly Pick<FrameGeometry, 'sourceSopInstanceUid'>[];
}

/**
 * The identity of an input set: SHA-256 over the sorted SOP Instance UIDs the frames were acquired as; of what has no place, over
 * its own. Order, transport, compression and conversion to a legacy converted enhanced object (Conversion Source Attributes,
 * PS3.3 C.7.6.16.2.22) do not change it.
 */
export function inputIdentity(instances: readonly InputInstance[]): string {
  const acquired = instances.flatMap(({ sopInstanceUid, frames }) =>
    frames.length === 0 ? [sopInstanceUid] : frames.map((frame) => frame.sourceSopInstanceUid),
  );
  return createHash('sha256')
    .update([...new Set(acquired)].sort().join('\n'))
    .digest('hex');
}
