import { findingSegments, type ResultInput } from '../results/index.ts';
import type { Evidence } from './task.ts';

/** What an evaluation needs of an analysis, as plain data; null where the pipeline did not run. */
export function evidenceOf(input: ResultInput): Evidence | null {
  const { output, volume, source } = input;
  if (output === null) return null;
  return {
    candidates: output.candidates,
    sliceProbabilities: output.sliceProbabilities ?? [],
    frames: source.frames,
    segmented: volume === null ? null : segmentedOf(input, volume),
    map: output.maps?.probability ?? null,
  };
}

function segmentedOf(
  input: ResultInput,
  { data: _, ...grid }: NonNullable<ResultInput['volume']>,
): Evidence['segmented'] {
  const segments = findingSegments(input);
  if (segments.length === 0) return null;
  const plane = grid.size[0] * grid.size[1];
  const whole = new Uint8Array(plane * grid.size[2]);
  for (const { slices } of segments) {
    for (const { slice, inside } of slices)
      for (let pixel = 0; pixel < plane; pixel += 1)
        if (inside[pixel] === 1) whole[slice * plane + pixel] = 1;
  }
  return { grid, inside: whole };
}
