import { unlink } from 'node:fs/promises';
import { sameDataset, type ArchiveFiles, type Database, type Transaction } from '../archive/index.ts';
import type { Attributes } from '../dicom/index.ts';
import { WillisError } from '../errors.ts';
import { enqueue } from '../jobs/index.ts';
import { frameGeometries } from '../volume/index.ts';
import { readHeaderOf, type IncomingInstance } from './incoming-header.ts';
import { readStudy, rememberStudy, type StudyDescription } from './study.ts';
import { readTraits, type SeriesTraits } from './traits.ts';

export interface IngestOptions {
  readonly quietPeriodMs: number;
  readonly now: () => number;
  /** Told of a SOP Instance UID that came again with other bytes; the first one stays the input. */
  readonly onConflict: (sopInstanceUid: string) => void;
}

const mostRememberedSeries = 1000;

/** Takes complete instance files into the index; resolves once the row and the "assemble" job are committed. */
export class Ingest {
  private readonly database: Database;
  private readonly files: ArchiveFiles;
  private readonly options: IngestOptions;
  private waiting: Entry[] = [];
  /** Ids of series already committed; rows are never deleted under a running node. */
  private readonly seriesIds = new Map<string, number>();
  private flushing = false;

  constructor(database: Database, files: ArchiveFiles, options: IngestOptions) {
    this.database = database;
    this.files = files;
    this.options = options;
  }

  /**
   * Returns the series the instance went to. Throws INSTANCE_NOT_READABLE or INSTANCE_MISMATCH (never: refuse it) or
   * whatever the disk or index said (later: ask the peer to come again). Instances that wait together share one flush.
   */
  async take(incoming: IncomingInstance): Promise<{ readonly seriesId: number }> {
    const header = await readHeaderOf(incoming);
    const row = describeInstance(incoming, header, this.files.relative(incoming.path));
    const outcome = await new Promise<Outcome>((resolve, reject) => {
      this.waiting.push({ row, resolve, reject });
      if (!this.flushing) void this.flush();
    });
    if (outcome.existing !== null) await this.settleTwin(incoming, outcome.existing);
    return { seriesId: outcome.seriesId };
  }

  private remember(seriesInstanceUid: string, seriesId: number): void {
    if (this.seriesIds.size >= mostRememberedSeries) this.seriesIds.clear();
    this.seriesIds.set(seriesInstanceUid, seriesId);
  }

  /** One transaction, hence one disk flush, for all that came while the last one was written. */
  private async flush(): Promise<void> {
    this.flushing = true;
    while (this.waiting.length > 0) {
      const batch = this.waiting;
      this.waiting = [];
      try {
        const outcomes = await this.database
          .transaction()
          .execute((transaction) => this.insertAll(transaction, batch));
        batch.forEach((entry, index) => {
          const outcome = outcomes[index]!;
          if (outcome.existing === null) this.remember(entry.row.seriesInstanceUid, outcome.seriesId);
          entry.resolve(outcome);
        });
      } catch (error) {
        for (const entry of batch) entry.reject(error);
      }
    }
    this.flushing = false;
  }

  private async insertAll(transaction: Transaction, batch: readonly Entry[]): Promise<readonly Outcome[]> {
    const outcomes: Outcome[] = [];
    const grown = new Set<number>();
    const now = this.options.now();
    for (const { row } of batch) {
      const known = this.seriesIds.get(row.seriesInstanceUid);
      const outcome = await insertOne(transaction, row, { now, seriesId: known });
      outcomes.push(outcome);
      if (outcome.existing === null) grown.add(outcome.seriesId);
    }
    for (const seriesId of grown) {
      await transaction
        .updateTable('series')
        .set({ last_received_at: now, state: 'receiving', reason_code: null, reason_text: null })
        .where('id', '=', seriesId)
        .execute();
      await enqueue(transaction, assembleJob(seriesId, now + this.options.quietPeriodMs), now);
    }
    return outcomes;
  }

  /** Same bytes: the file is spare. Other bytes: acknowledged all the same, so kept beside the first. */
  private async settleTwin(incoming: IncomingInstance, existing: Existing): Promise<void> {
    if (await sameDataset(incoming.path, this.files.absolute(existing.path))) {
      await unlink(incoming.path);
      return;
    }
    const path = this.files.relative(incoming.path);
    await this.database
      .insertInto('instance_copy')
      .values({ instance_id: existing.id, path, received_at: this.options.now() })
      .execute();
    this.options.onConflict(incoming.sopInstanceUid);
  }
}

/** The job that judges a series; enqueueing it again pushes its due time, which is the quiet period. */
export function assembleJob(
  seriesId: number,
  dueAt: number,
): { kind: string; queue: string; key: string; payload: { seriesId: number }; dueAt: number } {
  return { kind: 'assemble', queue: 'assemble', key: `assemble:${seriesId}`, payload: { seriesId }, dueAt };
}

interface Existing {
  readonly id: number;
  readonly path: string;
}

interface Outcome {
  readonly seriesId: number;
  readonly existing: Existing | null;
}

interface Entry {
  readonly row: InstanceDescription;
  readonly resolve: (outcome: Outcome) => void;
  readonly reject: (error: unknown) => void;
}

interface InstanceDescription {
  readonly incoming: IncomingInstance;
  readonly path: string;
  readonly seriesInstanceUid: string;
  readonly studyInstanceUid: string;
  /** Needed once a series. */
  readonly traits: () => SeriesTraits;
  readonly study: () => StudyDescription;
  readonly frames: string;
}

function describeInstance(incoming: IncomingInstance, header: Attributes, path: string): InstanceDescription {
  const { sopInstanceUid, sopClassUid } = incoming;
  const seriesInstanceUid = header.text('SeriesInstanceUID');
  const studyInstanceUid = header.text('StudyInstanceUID');
  if (!seriesInstanceUid || !studyInstanceUid) {
    throw new WillisError(
      'INSTANCE_NOT_READABLE',
      'The data set has no Study or Series Instance UID, so it belongs to no series. Check the sending device.',
    );
  }
  if (header.text('SOPInstanceUID') !== sopInstanceUid || header.text('SOPClassUID') !== sopClassUid) {
    throw new WillisError(
      'INSTANCE_MISMATCH',
      'The SOP Class or Instance UID in the data set is not the one the C-STORE command announced. Check the sending device.',
    );
  }
  return {
    incoming,
    path,
    seriesInstanceUid,
    studyInstanceUid,
    traits: () => readTraits(header),
    study: () => readStudy(header),
    frames: JSON.stringify(frameGeometries(sopClassUid, sopInstanceUid, header)),
  };
}

async function insertOne(
  transaction: Transaction,
  row: InstanceDescription,
  at: { readonly now: number; readonly seriesId: number | undefined },
): Promise<Outcome> {
  // a double of another series must not open a series of its own
  const double = at.seriesId === undefined ? await existingInstance(transaction, row) : undefined;
  if (double !== undefined) return double;
  const seriesId = at.seriesId ?? (await seriesOf(transaction, row, at.now));
  const inserted = await transaction
    .insertInto('instance')
    .values({
      series_id: seriesId,
      sop_instance_uid: row.incoming.sopInstanceUid,
      sop_class_uid: row.incoming.sopClassUid,
      transfer_syntax_uid: row.incoming.transferSyntaxUid,
      path: row.path,
      size_bytes: row.incoming.sizeBytes,
      frames: row.frames,
      received_at: at.now,
    })
    .onConflict((conflict) => conflict.column('sop_instance_uid').doNothing())
    .returning('id')
    .executeTakeFirst();
  if (inserted !== undefined) return { seriesId, existing: null };
  return (await existingInstance(transaction, row))!;
}

async function existingInstance(
  transaction: Transaction,
  row: InstanceDescription,
): Promise<Outcome | undefined> {
  const known = await transaction
    .selectFrom('instance')
    .select(['id', 'path', 'series_id'])
    .where('sop_instance_uid', '=', row.incoming.sopInstanceUid)
    .executeTakeFirst();
  if (known === undefined) return undefined;
  return { seriesId: known.series_id, existing: { id: known.id, path: known.path } };
}

async function seriesOf(transaction: Transaction, row: InstanceDescription, now: number): Promise<number> {
  const known = await transaction
    .selectFrom('series')
    .select('id')
    .where('series_instance_uid', '=', row.seriesInstanceUid)
    .executeTakeFirst();
  if (known !== undefined) return known.id;
  const traits = row.traits();
  await rememberStudy(transaction, row.studyInstanceUid, row.study(), now);
  const inserted = await transaction
    .insertInto('series')
    .values({
      series_instance_uid: row.seriesInstanceUid,
      study_instance_uid: row.studyInstanceUid,
      modality: traits.modality,
      description: JSON.stringify(traits),
      calling_ae_title: row.incoming.callingAeTitle,
      first_received_at: now,
      last_received_at: now,
      reason_code: null,
      reason_text: null,
    })
    .returning('id')
    .executeTakeFirstOrThrow();
  return inserted.id;
}
