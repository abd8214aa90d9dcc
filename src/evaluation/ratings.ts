import { z } from 'zod';
import { WillisError } from '../errors.ts';
import { intraclassCorrelation, summariseRatings, type RatingSummary } from './agreement.ts';
import { countDecisions, ratesOf, type Confusion, type Rates } from './confusion.ts';
import { readTable } from './truth.ts';

const rating = z.strictObject({
  reader: z.string().min(1),
  case: z.string().min(1),
  /** How well the pictures explain the result: 1 misleading to 5 fully convincing. */
  likert: z.coerce.number().int().min(1).max(5),
  /** The reader's own judgement of the case, where asked for. */
  positive: z.enum(['yes', 'no']).optional(),
});

export type Rating = z.infer<typeof rating>;

/** Rows of a reader study (CSV: reader, case, likert, and positive where readers judged the cases too). Throws RATINGS_INVALID. */
export function parseRatings(text: string, fileName: string): readonly Rating[] {
  const refuse = (why: string): never => {
    throw new WillisError(
      'RATINGS_INVALID',
      `The ratings ${fileName} were refused: ${why}. Correct them and try again.`,
    );
  };
  const ratings = readTable(text, fileName, 'RATINGS_INVALID').map((row, index) => {
    const parsed = rating.safeParse(row);
    if (parsed.success) return parsed.data;
    const faults = parsed.error.issues.map((issue) => `${issue.path.join('.')}: ${issue.message}`);
    return refuse(`row ${index + 1}: ${faults.join('; ')}`);
  });
  const keys = ratings.map((one) => `${one.reader} rated ${one.case}`);
  const twice = keys.find((key, index) => keys.indexOf(key) !== index);
  if (twice !== undefined) refuse(`${twice} twice`);
  return ratings;
}

export interface ReaderStudy {
  readonly readers: readonly {
    readonly reader: string;
    readonly ratings: RatingSummary;
    /** Against the truth; null where the reader judged no case. */
    readonly decisions: { readonly confusion: Confusion; readonly rates: Rates } | null;
  }[];
  readonly all: RatingSummary;
  /** Cases that every reader rated: agreement is told of these alone. */
  readonly sharedCases: number;
  readonly icc: number;
}

/** The study of the given cases; null where none of them was rated. */
export function readerStudy(
  ratings: readonly Rating[],
  positiveCases: ReadonlyMap<string, boolean>,
): ReaderStudy | null {
  const own = ratings.filter((one) => positiveCases.has(one.case));
  if (own.length === 0) return null;
  const byReader = [...Map.groupBy(own, (one) => one.reader)];
  const byCase = Map.groupBy(own, (one) => one.case);
  const shared = [...byCase.values()].filter((rows) => rows.length === byReader.length);
  const readers = byReader.map(([reader]) => reader);
  const table = shared.map((rows) =>
    readers.map((reader) => rows.find((row) => row.reader === reader)!.likert),
  );
  return {
    readers: byReader.map(([reader, rows]) => ({
      reader,
      ratings: summariseRatings(rows.map((row) => row.likert)),
      decisions: decisionsOf(rows, positiveCases),
    })),
    all: summariseRatings(own.map((row) => row.likert)),
    sharedCases: shared.length,
    icc: intraclassCorrelation(table),
  };
}

function decisionsOf(
  rows: readonly Rating[],
  positiveCases: ReadonlyMap<string, boolean>,
): ReaderStudy['readers'][number]['decisions'] {
  const judged = rows.filter((row) => row.positive !== undefined);
  if (judged.length === 0) return null;
  const confusion = countDecisions(
    judged.map((row) => positiveCases.get(row.case)!),
    judged.map((row) => row.positive === 'yes'),
  );
  return { confusion, rates: ratesOf(confusion) };
}
