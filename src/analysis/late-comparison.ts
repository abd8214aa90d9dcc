import type { Transaction } from '../archive/index.ts';
import type { SeriesFindings } from '../findings/index.ts';
import { reprocessSeries, type Rule } from '../intake/index.ts';
import { priorLate } from './compare.ts';
import { findEarlier } from './earlier.ts';
import type { Route } from './route.ts';

/**
 * A result that went out before its earlier study could be compared is made again, as a new version that names the one it
 * replaces; now the comparison takes the time it takes. Nothing happens where there is nothing to compare with.
 */
export async function makeUpForLateComparison(
  transaction: Transaction,
  seriesId: number,
  by: { readonly rules: readonly Rule[]; readonly routes: ReadonlyMap<string, Route>; readonly now: number },
): Promise<void> {
  const analysis = await transaction
    .selectFrom('analysis')
    .select(['rule', 'findings'])
    .where('series_id', '=', seriesId)
    .orderBy('id', 'desc')
    .executeTakeFirst();
  if (analysis === undefined || !isLate(JSON.parse(analysis.findings) as SeriesFindings)) return;
  const rule = by.rules.find(({ name }) => name === analysis.rule);
  const route = by.routes.get(analysis.rule);
  if (rule === undefined || route === undefined) return;
  if ((await findEarlier(transaction, seriesId, { ...route, rule })) === null) return;
  await reprocessSeries(transaction, { seriesId, rule, now: by.now, unhurried: true });
}

function isLate({ comparison }: SeriesFindings): boolean {
  return comparison?.state === 'not-compared' && comparison.reason.code === priorLate;
}
