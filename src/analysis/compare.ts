import { WillisError, describeError } from '../errors.ts';
import { compareWithPrior, type Comparison, type Prior, type SeriesFindings } from '../findings/index.ts';
import { leastChangeMm, type Bundle } from '../inference/index.ts';
import { headImage, type PipelineInput } from '../pipelines/index.ts';
import { lpsToIndex, registerByArteries, type Volume } from '../volume/index.ts';
import type { EarlierSeries, EarlierStudy } from './task.ts';

/** The present series with what was said of it, and how an earlier one is loaded and read in the very same way. */
export interface Comparing {
  readonly series: PipelineInput;
  readonly findings: SeriesFindings;
  readonly bundle: Pick<Bundle, 'manifest'>;
  /** What reading the present series took. */
  readonly readingMs: number;
  readonly load: (paths: readonly string[]) => Promise<PipelineInput>;
  readonly read: (series: PipelineInput) => Promise<SeriesFindings>;
}

/**
 * Growth against an earlier study, or why none is told. Whatever is wrong with the earlier study is said and never costs
 * the present result.
 */
export async function withComparison(
  earlier: EarlierStudy | undefined,
  comparing: Comparing,
): Promise<SeriesFindings> {
  const { findings } = comparing;
  if (earlier === undefined || findings.state === 'not-analysed') return findings;
  const without = (prior: Prior | null, code: string, text: string): SeriesFindings => {
    const comparison: Comparison = { state: 'not-compared', prior, reason: { code, text } };
    return { ...findings, comparison };
  };
  if (earlier.kind === 'awaited') return without(null, priorLate, 'Earlier studies had not come in time.');
  if (tooLong(earlier, comparing))
    return without(earlier.prior, priorLate, 'Reading the earlier study would have held this result up.');
  try {
    return await compareSeries(earlier, comparing);
  } catch (error) {
    const code =
      error instanceof WillisError && error.code === notRegistered ? notRegistered : 'PRIOR_NOT_USABLE';
    return without(earlier.prior, code, describeError(error));
  }
}

/** The comparison is made up for as soon as it can be: src/analysis/late-comparison.ts. */
export const priorLate = 'PRIOR_LATE';
const notRegistered = 'PRIOR_NOT_REGISTERED';

/** Another series of the kind takes as long as the present one took. */
function tooLong({ known, mostReadingMs }: EarlierSeries, { readingMs }: Comparing): boolean {
  return known === null && mostReadingMs !== null && readingMs > mostReadingMs;
}

async function compareSeries(earlier: EarlierSeries, comparing: Comparing): Promise<SeriesFindings> {
  const { series, findings, bundle, load, read } = comparing;
  const { pipeline } = bundle.manifest;
  const current = headImage(pipeline, series.volume);
  if (current === null) return findings;
  const before = await load(earlier.paths);
  const registration = registerByArteries(headImage(pipeline, before.volume)!, current);
  if (registration.kind === 'refused')
    throw new WillisError(notRegistered, `The earlier study could not be registered: ${registration.why}.`);
  const then = earlier.known ?? (await read(before));
  if (then.state === 'not-analysed')
    throw new WillisError('PRIOR_NOT_USABLE', `The earlier study was not analysed: ${then.reason.text}`);
  return compareWithPrior(findings, {
    study: earlier.prior,
    findings: then,
    registration: registration.quality,
    toCurrent: registration.toCurrent,
    leastChangeMm: leastChangeMm(bundle.manifest, coarsestMm(before.volume, series.volume)),
    priorShows: (point) => holds(before.volume, point),
    currentShows: (point) => holds(series.volume, point),
  });
}

function coarsestMm(...volumes: readonly Volume[]): number {
  return Math.max(...volumes.flatMap(({ spacingMm }) => spacingMm));
}

function holds(volume: Volume, point: readonly [number, number, number]): boolean {
  return lpsToIndex(volume, point).every((at, axis) => at >= 0 && at <= volume.size[axis]! - 1);
}
