import type { HeadMaskNote, PointLpsMm, Reason } from '../../findings/index.ts';
import type { Engine, HeadModel } from '../../inference/index.ts';
import {
  lpsToIndex,
  reboxed,
  resampleIsotropic,
  sampleAt,
  solid,
  type Size,
  type Volume,
} from '../../volume/index.ts';
import { conform } from './conform.ts';
import { doubt, plausibility } from './plausible.ts';

/** How far places lie from the brain's surface; or, where that could not be told, why. */
export type HeadDistance =
  | {
      readonly kind: 'distance';
      /** mm, negative inside the brain; along the patient's axes. */
      readonly distance: Volume;
      /** On that grid: within reach of the brain's surface, one piece, without holes. */
      readonly kept: Uint8Array;
      readonly note: Extract<HeadMaskNote, { readonly by: 'signed-distance' }>;
    }
  | { readonly kind: 'threshold'; readonly note: Extract<HeadMaskNote, { readonly by: 'threshold' }> };

export interface Scan {
  /** Grey values as acquired, on the pipeline's grid. */
  readonly grey: Volume;
  /** The head as a threshold finds it, on that grid: what an answer is believed by. */
  readonly head: Uint8Array;
}

/**
 * SynthStrip's way to the head: 2 mm along the patient's axes -> distance to the brain's surface -> what lies within `keepMm` of it,
 * the largest piece, holes filled. An answer that cannot be is not used, and the note says why: no tissue is lost without a word.
 */
export async function headDistance(
  scan: Scan,
  keepMm: number,
  { model, engine }: { readonly model: HeadModel | null; readonly engine: Engine },
): Promise<HeadDistance> {
  if (model === null) return fallBack('HEAD_MODEL_MISSING', 'no head model is installed');
  const { preprocessing, plausible } = model.manifest;
  const { fromSpacingMm } = preprocessing;
  const isThere = scan.grey.spacingMm.every((step) => step === fromSpacingMm);
  const seen = conform(isThere ? scan.grey : resampleIsotropic(scan.grey, fromSpacingMm), preprocessing);
  const distance = { ...seen.image, data: await distancesIn(seen.image, model, engine) };
  if (!distance.data.every(Number.isFinite))
    return fallBack('HEAD_MASK_IMPLAUSIBLE', 'the head model gave values that are no numbers');
  const kept = solid(
    Uint8Array.from(distance.data, (mm) => (mm <= keepMm ? 1 : 0)),
    distance.size,
  );
  const answer = plausibility(seen, { distance, kept }, { grid: scan.grey, head: scan.head }, plausible);
  const why = doubt(answer, plausible);
  if (why !== null) return fallBack('HEAD_MASK_IMPLAUSIBLE', why);
  return { kind: 'distance', distance, kept, note: { by: 'signed-distance', model: model.identity, keepMm } };
}

/** How far a place outside the mask lies from the brain's surface, mm; null where it lies inside, or nothing could be told. */
export function mmOutside(head: HeadDistance, place: PointLpsMm): number | null {
  if (head.kind === 'threshold') return null;
  const { distance, kept } = head;
  const index = lpsToIndex(distance, place);
  const [x, y, z] = index.map((value, axis) =>
    Math.min(distance.size[axis]! - 1, Math.max(0, Math.round(value))),
  ) as [number, number, number];
  if (kept[x + distance.size[0] * (y + distance.size[1] * z)] === 1) return null;
  const mm = sampleAt(distance, index);
  return mm > head.note.keepMm ? mm : null;
}

function fallBack(code: 'HEAD_MODEL_MISSING' | 'HEAD_MASK_IMPLAUSIBLE', why: string): HeadDistance {
  const reason: Reason = { code, text: `Places outside the head were not looked for: ${why}.` };
  return { kind: 'threshold', note: { by: 'threshold', reason } };
}

/** The network's answer at every voxel, mm. Zeros behind the volume fill it up to what the network can halve. */
async function distancesIn(image: Volume, model: HeadModel, engine: Engine): Promise<Float32Array> {
  const { file, input, output, multipleOf } = model.manifest.network;
  const padded = image.size.map((n) => Math.ceil(n / multipleOf) * multipleOf) as unknown as Size;
  const data = reboxed(image.data, image.size, padded);
  const shape = [1, 1, padded[2], padded[1], padded[0]];
  const found = await engine.run(`${model.folder}/${file}`, [{ name: input, data, shape }], [output]);
  return reboxed(found[output]!, padded, image.size);
}
