import type { Database, Transaction } from '../archive/index.ts';
import { deliverKey } from './requests.ts';

export interface Superseded {
  readonly destination: string;
  readonly analysisId: number;
  /** The newest result of the same series and pipeline that goes to the same destination. */
  readonly by: number;
}

/**
 * What replaces a result before the destination has any part of it: then it is not sent, lest it comes after its replacement. Null where
 * it is to be sent; also where it found something and the replacement was not analysed: what was found is told.
 */
export async function supersededBy(
  database: Database,
  analysisId: number,
  destination: string,
): Promise<Superseded | null> {
  const own = await database
    .selectFrom('analysis')
    .select(['series_id', 'pipeline', 'state'])
    .where('id', '=', analysisId)
    .executeTakeFirstOrThrow();
  const newer = await database
    .selectFrom('analysis')
    .select(['id', 'state'])
    .where('series_id', '=', own.series_id)
    .where('pipeline', '=', own.pipeline)
    .where('id', '>', analysisId)
    .orderBy('id', 'desc')
    .execute();
  for (const { id, state } of newer) {
    if (own.state === 'findings' && state === 'not-analysed') continue;
    const goesThere = await database
      .selectFrom('job')
      .select('id')
      .where('key', '=', deliverKey(destination, id))
      .executeTakeFirst();
    if (goesThere === undefined) continue;
    return (await isBegun(database, analysisId, destination)) ? null : { destination, analysisId, by: id };
  }
  return null;
}

async function isBegun(database: Database, analysisId: number, destination: string): Promise<boolean> {
  const stored = await database
    .selectFrom('delivered')
    .innerJoin('result', 'result.id', 'delivered.result_id')
    .select('delivered.result_id')
    .where('result.analysis_id', '=', analysisId)
    .where('delivered.destination', '=', destination)
    .executeTakeFirst();
  return stored !== undefined;
}

/** In the transaction that ends the delivery. */
export async function recordSuperseded(
  transaction: Transaction,
  { analysisId, destination, by }: Superseded,
  now: number,
): Promise<void> {
  await transaction
    .insertInto('superseded_delivery')
    .values({ analysis_id: analysisId, destination, by_analysis_id: by, at: now })
    .onConflict((conflict) => conflict.doNothing())
    .execute();
}
