import type { SeriesFindings } from '../../findings/index.ts';
import type { NodeAccess } from '../options.ts';

/** What ran the networks of the series analysed last, and why what was asked for first did not; null before there is one. */
export async function ranLastOn({ database }: Pick<NodeAccess, 'database'>): Promise<string | null> {
  const row = await database
    .selectFrom('analysis')
    .select('findings')
    .where('state', '!=', 'not-analysed')
    .orderBy('id', 'desc')
    .executeTakeFirst();
  return row === undefined ? null : ((JSON.parse(row.findings) as SeriesFindings).provider ?? null);
}
