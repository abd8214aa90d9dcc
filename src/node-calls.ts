import type { Database } from './archive/index.ts';
import type { AssociationSummary } from './network/index.ts';
import type { Call } from './web/index.ts';

/** Who called lately; unknown callers are also kept in the index, until somebody adds or ignores them. */
export interface CallBook {
  enter(summary: AssociationSummary): void;
  /** Newest first. */
  recent(): readonly Call[];
}

const mostCalls = 200;
/** A stranger can call under any name: no more of them than this are kept. */
const mostStrangers = 500;

export function openCallBook(
  database: Database,
  options: { readonly now: () => number; readonly onFault: (error: unknown) => void },
): CallBook {
  const calls: Call[] = [];
  return {
    enter: (summary) => {
      const { callingAeTitle, remoteAddress, ending, text, negotiation } = summary;
      calls.unshift({ at: options.now(), callingAeTitle, remoteAddress, ending, text, negotiation });
      if (calls.length > mostCalls) calls.pop();
      if (summary.isStranger) rememberStranger(database, summary, options.now()).catch(options.onFault);
    },
    recent: () => calls,
  };
}

async function rememberStranger(database: Database, summary: AssociationSummary, now: number): Promise<void> {
  await database.transaction().execute(async (transaction) => {
    await transaction
      .insertInto('stranger')
      .values({
        ae_title: summary.callingAeTitle,
        host: summary.remoteAddress,
        calls: 1,
        first_seen_at: now,
        last_seen_at: now,
        why: summary.text,
      })
      .onConflict((conflict) =>
        conflict.columns(['ae_title', 'host']).doUpdateSet((eb) => ({
          calls: eb('stranger.calls', '+', 1),
          last_seen_at: now,
          why: summary.text,
        })),
      )
      .execute();
    const beyond = await transaction
      .selectFrom('stranger')
      .select('last_seen_at')
      .orderBy('last_seen_at', 'desc')
      .offset(mostStrangers)
      .limit(1)
      .executeTakeFirst();
    if (beyond !== undefined)
      await transaction.deleteFrom('stranger').where('last_seen_at', '<=', beyond.last_seen_at).execute();
  });
}
