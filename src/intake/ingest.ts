import { unlink } from 'node:fs/promises';
import { inOneGo, sameDataset, type ArchiveFiles, type Database, type Statements } from '../archive/index.ts';
import type { Attributes } from '../dicom/index.ts';
import { WillisError } from '../errors.ts';
import { enqueueInOneGo } from '../jobs/index.ts';
import { frameGeometries } from '../volume/index.ts';
import { assembleJob } from './assemble-job.ts';
import { readHeaderOf, type IncomingInstance } from './incoming-header.ts';
import { readStudy, rememberStudy, type StudyDescription } from './study.ts';
import { readTraits, type SeriesTraits } from './traits.ts';
import { rememberCarrier } from './transfer.ts';

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
  /** Ids of series already committed. Who deletes rows says so by `forgetSeries`. */
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

  /** Inside the transaction that deletes series: nothing may be put into a series that is gone. */
  forgetSeries(): void {
    this.seriesIds.clear();
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
        const outcomes = await inOneGo(this.database, (statements) => this.insertAll(statements, batch));
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

  private insertAll(statements: Statements, batch: readonly Entry[]): readonly Outcome[] {
    const outcomes: Outcome[] = [];
    const grown = new Set<number>();
    const now = this.options.now();
    for (const { row } of batch) {
      const known = this.seriesIds.get(row.seriesInstanceUid);
      const outcome = insertOne(statements, row, { now, seriesId: known });
      outcomes.push(outcome);
      rememberCarrier(statements, row.incoming, { seriesInstanceUid: row.seriesInstanceUid, now });
      if (opensAnalysis(statements, row, outcome)) grown.add(outcome.seriesId);
    }
    for (const seriesId of grown) {
      statements.run(seriesGrew, now, seriesId);
      enqueueInOneGo(statements, assembleJob(seriesId, now + this.options.quietPeriodMs), now);
    }
    return outcomes;
  }

  /** Bytes we have: the file is spare. Other bytes: acknowledged all the same, so kept beside the first. */
  private async settleTwin(incoming: IncomingInstance, existing: Existing): Promise<void> {
    const copies = await this.database
      .selectFrom('instance_copy')
      .select('path')
      .where('instance_id', '=', existing.id)
      .execute();
    for (const known of [existing, ...copies]) {
      if (!(await sameDataset(incoming.path, this.files.absolute(known.path)))) continue;
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

const seriesGrew = `
  update series set last_received_at = ?, state = 'receiving', reason_code = null, reason_text = null, origin = 'routed'
  where id = ?`;
const newInstance = `
  insert into instance
    (series_id, sop_instance_uid, sop_class_uid, transfer_syntax_uid, path, size_bytes, frames, received_at)
  values (?, ?, ?, ?, ?, ?, ?, ?)
  on conflict (sop_instance_uid) do nothing returning id`;
const instanceOfUid = 'select id, path, series_id from instance where sop_instance_uid = ?';
const seriesOfUid = 'select id from series where series_instance_uid = ?';
const originOfSeries = 'select origin from series where id = ?';
const newSeries = `
  insert into series
    (series_instance_uid, study_instance_uid, modality, description, calling_ae_title, first_received_at, last_received_at,
     origin, state, reason_code, reason_text)
  values (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?) returning id`;
const routed = ['routed', 'receiving', null, null] as const;
const fetchedPrior = [
  'prior',
  'not-analysed',
  'PRIOR_STUDY',
  'Fetched to be compared with, not to be analysed.',
] as const;

function insertOne(
  statements: Statements,
  row: InstanceDescription,
  at: { readonly now: number; readonly seriesId: number | undefined },
): Outcome {
  // a double of another series must not open a series of its own
  const double = at.seriesId === undefined ? existingInstance(statements, row) : undefined;
  if (double !== undefined) return double;
  const seriesId = at.seriesId ?? seriesOf(statements, row, at.now);
  const { sopInstanceUid, sopClassUid, transferSyntaxUid, sizeBytes } = row.incoming;
  const inserted = statements.row(
    newInstance,
    ...[seriesId, sopInstanceUid, sopClassUid, transferSyntaxUid, row.path, sizeBytes, row.frames, at.now],
  );
  if (inserted !== undefined) return { seriesId, existing: null };
  return existingInstance(statements, row)!;
}

/** New images do, and so does a routed copy of what we had fetched ourselves: somebody wants it analysed now. */
function opensAnalysis(statements: Statements, row: InstanceDescription, outcome: Outcome): boolean {
  const fetched = row.incoming.origin === 'prior';
  if (outcome.existing === null && !fetched) return true;
  if (outcome.existing !== null && fetched) return false;
  const { origin } = statements.row(originOfSeries, outcome.seriesId) as { readonly origin: string };
  return origin === (fetched ? 'routed' : 'prior');
}

function existingInstance(statements: Statements, row: InstanceDescription): Outcome | undefined {
  const known = statements.row(instanceOfUid, row.incoming.sopInstanceUid) as
    { readonly id: number; readonly path: string; readonly series_id: number } | undefined;
  if (known === undefined) return undefined;
  return { seriesId: known.series_id, existing: { id: known.id, path: known.path } };
}

function seriesOf(statements: Statements, row: InstanceDescription, now: number): number {
  const known = statements.row(seriesOfUid, row.seriesInstanceUid) as { readonly id: number } | undefined;
  if (known !== undefined) return known.id;
  const traits = row.traits();
  const { seriesInstanceUid, studyInstanceUid } = row;
  rememberStudy(statements, studyInstanceUid, row.study(), now);
  const description = JSON.stringify(traits);
  const { callingAeTitle, origin } = row.incoming;
  const beginning = origin === 'prior' ? fetchedPrior : routed;
  const inserted = statements.row(
    newSeries,
    ...[seriesInstanceUid, studyInstanceUid, traits.modality, description, callingAeTitle, now, now],
    ...beginning,
  ) as { readonly id: number };
  return inserted.id;
}
