import { sql } from 'kysely';
import type { Database } from './database.ts';

export interface DailyScore {
  readonly bundleSha256: string;
  /** YYYY-MM-DD, local time. */
  readonly day: string;
  readonly scans: number;
  readonly withFindings: number;
  readonly meanProbability: number;
}

/** What each bundle said day by day: a model or a scanner that changes shows here before anybody complains. */
export async function dailyScores(database: Database, since: number): Promise<readonly DailyScore[]> {
  const { rows } = await sql<DailyScore>`
    select bundle_sha256 as bundleSha256, date(finished_at / 1000, 'unixepoch', 'localtime') as day, count(*) as scans,
      sum(state = 'findings') as withFindings, avg(json_extract(findings, '$.probability')) as meanProbability
    from analysis where finished_at >= ${since} and state <> 'not-analysed'
    group by bundle_sha256, day order by day`.execute(database);
  return rows;
}
