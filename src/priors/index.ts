import { open, readFile } from 'node:fs/promises';
import type { ArchiveFiles, Database, Transaction } from '../archive/index.ts';
import { readHeader, readInstance, type Attributes } from '../dicom/index.ts';
import { enqueue, type Job, type JobHandler, type JobOutcome } from '../jobs/index.ts';
import type { PeerAddress, WebServer } from '../network/index.ts';
import { fetchStudy, findPriors } from './fetch.ts';

/** Where earlier studies of a patient lie: a PACS by C-FIND and C-MOVE, or a DICOMweb server by QIDO-RS and WADO-RS. */
export type PriorSource =
  (PeerAddress & { readonly type?: 'dicom' | undefined }) | (WebServer & { readonly type: 'dicomweb' });

export interface PriorOptions {
  readonly source: PriorSource;
  readonly maxStudies: number;
  readonly lookbackDays: number;
  /** Ours, as the source knows it: for C-MOVE. */
  readonly aeTitle: string;
  readonly files: ArchiveFiles;
  readonly now: () => number;
  /** Takes a flushed file that WADO-RS brought into the archive. */
  readonly take: (fetched: FetchedInstance) => Promise<void>;
  /** In the transaction that ends the fetching. */
  readonly onSettled: (transaction: Transaction, seriesId: number) => Promise<void>;
  readonly onFetched: (fetched: { seriesId: number; studies: number; failed: number }) => void;
}

export interface FetchedInstance {
  readonly path: string;
  readonly sizeBytes: number;
  readonly sopClassUid: string;
  readonly sopInstanceUid: string;
  readonly transferSyntaxUid: string;
  readonly head: Uint8Array;
  readonly datasetOffset: number;
}

interface PriorRequest {
  readonly seriesId: number;
}

const kind = 'priors';

/** In the transaction that queues a series for analysis, once a series; the analysis does not wait for it. */
export async function enqueuePriors(transaction: Transaction, seriesId: number, now: number): Promise<void> {
  const key = `${kind}:${seriesId}`;
  const known = await transaction.selectFrom('job').select('id').where('key', '=', key).executeTakeFirst();
  if (known !== undefined) return;
  const payload: PriorRequest = { seriesId };
  await enqueue(transaction, { kind, queue: kind, key, payload, dueAt: now }, now);
}

/** Fetches earlier studies of the same patient into the archive, where nothing analyses or delivers them. */
export function priorsHandler(database: Database, options: PriorOptions): readonly [string, JobHandler] {
  const handler: JobHandler = {
    maxAttempts: 5,
    firstRetryMs: 10_000,
    longestRetryMs: 600_000,
    run: async (job) => await fetchPriors(database, options, job),
    // The job row keeps the error; the analysis goes on without priors.
    onDead: async () => await Promise.resolve(),
  };
  return [kind, handler];
}

async function fetchPriors(database: Database, options: PriorOptions, job: Job): Promise<JobOutcome> {
  const { seriesId } = job.payload as PriorRequest;
  const instance = await database
    .selectFrom('instance')
    .selectAll()
    .where('series_id', '=', seriesId)
    .orderBy('id')
    .executeTakeFirstOrThrow();
  const current = await readHead(options.files.absolute(instance.path), instance.transfer_syntax_uid);
  const known = await database.selectFrom('series').select('study_instance_uid').distinct().execute();
  const here = new Set(known.map((row) => row.study_instance_uid));
  const studies = await findPriors(options, current);
  let failed = 0;
  for (const studyInstanceUid of studies)
    // a second try completes what the first one began
    if (job.attempt > 1 || !here.has(studyInstanceUid)) failed += await fetchStudy(options, studyInstanceUid);
  options.onFetched({ seriesId, studies: studies.length, failed });
  return { kind: 'done', commit: async (transaction) => await options.onSettled(transaction, seriesId) };
}

const headBytes = 1 << 20;

/** The header of a file; the whole file is read only where its header is unusually long. */
async function readHead(path: string, transferSyntaxUid: string): Promise<Attributes> {
  const handle = await open(path, 'r');
  try {
    const head = Buffer.alloc(headBytes);
    const { bytesRead } = await handle.read(head, 0, headBytes, 0);
    const offset = 144 + head.readUInt32LE(140);
    if (bytesRead === headBytes) return readHeader(head.subarray(offset), transferSyntaxUid, false);
  } catch {
    // cut inside the header, or deflated: the whole file tells
  } finally {
    await handle.close();
  }
  return readInstance(await readFile(path)).attributes;
}
