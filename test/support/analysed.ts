import { mkdirSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { randomUUID } from 'node:crypto';
import { openDatabase, openFiles, type Database } from '../../src/archive/index.ts';
import {
  deliveryHandlers,
  enqueueDeliveries,
  type DeliveryEvents,
  type DeliveryOptions,
  type Destination,
} from '../../src/delivery/index.ts';
import { encodeDataset, part10Header, uuidUid, type Dataset } from '../../src/dicom/index.ts';
import { startRunner, type Runner } from '../../src/jobs/index.ts';

const secondaryCapture = '1.2.840.10008.5.1.4.1.1.7';
const explicit = '1.2.840.10008.1.2.1';

/** SOP Class and samples a pixel of each kind of result. */
const kinds: Readonly<Record<string, { readonly sopClassUid: string; readonly samples?: 1 | 3 }>> = {
  summary: { sopClassUid: secondaryCapture, samples: 3 },
  'summary-grey': { sopClassUid: secondaryCapture, samples: 1 },
  heatmap: { sopClassUid: secondaryCapture, samples: 3 },
  'heatmap-grey': { sopClassUid: secondaryCapture, samples: 1 },
  'heatmap-multiframe': { sopClassUid: `${secondaryCapture}.4`, samples: 3 },
  sr: { sopClassUid: '1.2.840.10008.5.1.4.1.1.88.34' },
  'sr-comprehensive': { sopClassUid: '1.2.840.10008.5.1.4.1.1.88.33' },
  'sr-basic-text': { sopClassUid: '1.2.840.10008.5.1.4.1.1.88.11' },
  seg: { sopClassUid: '1.2.840.10008.5.1.4.1.1.66.4' },
};

/** An index with one finished analysis and its result files, and the delivery jobs of a node running on it. */
export interface Analysed extends AsyncDisposable {
  readonly database: Database;
  readonly events: readonly Told[];
  readonly options: DeliveryOptions;
  /** Kinds that lie at a destination, with the transfer syntax they were sent in. */
  delivered(destination: string): Promise<readonly { kind: string; transferSyntaxUid: string | null }[]>;
}

export interface Told {
  readonly event: keyof DeliveryEvents;
  readonly [field: string]: unknown;
}

export async function deliverAnalysed(
  folder: string,
  made: readonly (readonly [kind: string, count: number])[],
  destinations: readonly Destination[],
): Promise<Analysed> {
  mkdirSync(path.join(folder, 'results'), { recursive: true });
  const database = openDatabase(path.join(folder, 'index.sqlite'));
  const files = openFiles(folder, () => new Date());
  const events: Told[] = [];
  const options: DeliveryOptions = {
    callingAeTitle: 'WILLIS',
    files,
    now: Date.now,
    newUid: () => uuidUid(randomUUID()),
    events: eventsInto(events),
    tellingKinds: ['summary', 'sr'],
    intendedUse: () => 'Not for clinical use',
  };
  const id = await insertAnalysis(database);
  for (const [kind, count] of made)
    for (let ordinal = 1; ordinal <= count; ordinal += 1)
      await insertResult(database, id, { kind, ordinal, folder });
  await database.transaction().execute(
    async (transaction) =>
      await enqueueDeliveries(
        transaction,
        id,
        destinations.map(({ name }) => name),
        { now: 0 },
      ),
  );
  const runner = await run(database, destinations, options, events);
  return {
    database,
    events,
    options,
    delivered: async (destination) => {
      const rows = await database
        .selectFrom('delivered')
        .innerJoin('result', 'result.id', 'delivered.result_id')
        .select(['result.kind', 'delivered.transfer_syntax_uid'])
        .where('delivered.destination', '=', destination)
        .orderBy('result.id')
        .execute();
      return rows.map(({ kind, transfer_syntax_uid }) => ({ kind, transferSyntaxUid: transfer_syntax_uid }));
    },
    [Symbol.asyncDispose]: async () => {
      await runner[Symbol.asyncDispose]();
      await database.destroy();
    },
  };
}

/** Every option that a destination has by default. */
export function destinationAt(port: number, changes: object = {}): Destination {
  return {
    name: 'pacs',
    aeTitle: 'PACS',
    host: '127.0.0.1',
    port,
    results: ['summary', 'heatmap', 'sr'],
    fallbacks: {},
    compression: 'none',
    firstRetrySeconds: 0.2,
    longestRetrySeconds: 0.5,
    commitment: false,
    commitmentTimeoutSeconds: 60,
    ...changes,
  };
}

async function run(
  database: Database,
  destinations: readonly Destination[],
  options: DeliveryOptions,
  events: Told[],
): Promise<Runner> {
  const timing = { leaseMs: 60_000, pollMs: 50, now: Date.now, newToken: randomUUID, random: Math.random };
  return await startRunner(database, deliveryHandlers(database, destinations, options), timing, {
    onFailure: (job, error, next) =>
      void events.push({ event: 'failed', job: job.key, why: String(error), next } as unknown as Told),
    onRescue: () => undefined,
  });
}

function eventsInto(events: Told[]): DeliveryEvents {
  const keep =
    (event: keyof DeliveryEvents) =>
    (fields: object): void =>
      void events.push({ event, ...fields });
  return {
    delivered: keep('delivered'),
    superseded: keep('superseded'),
    givenUp: keep('givenUp'),
    uncompressed: keep('uncompressed'),
    committed: keep('committed'),
    notCommitted: keep('notCommitted'),
    notified: keep('notified'),
  };
}

async function insertAnalysis(database: Database): Promise<number> {
  const series = await database
    .insertInto('series')
    .values({
      series_instance_uid: '1.2.3.4',
      study_instance_uid: '1.2.3',
      modality: 'MR',
      description: '{}',
      calling_ae_title: 'MR1',
      first_received_at: 1,
      last_received_at: 1,
      reason_code: null,
      reason_text: null,
    })
    .returning('id')
    .executeTakeFirstOrThrow();
  const findings = {
    seriesInstanceUid: '1.2.3.4',
    pipeline: 'tof-patch',
    bundle: { id: 'b', version: '1', sha256: '00' },
    timingsMs: { load: 0, preprocess: 0, inference: 0, results: 0 },
    state: 'no-findings',
    probability: 0.1,
    findings: [],
  };
  const row = await database
    .insertInto('analysis')
    .values({
      series_id: series.id,
      rule: 'TOF',
      pipeline: 'tof-patch',
      bundle_sha256: '00',
      input_sha256: '11',
      version: 1,
      supersedes_id: null,
      state: 'no-findings',
      findings: JSON.stringify(findings),
      folder: 'results/1',
      finished_at: 1,
    })
    .returning('id')
    .executeTakeFirstOrThrow();
  return row.id;
}

async function insertResult(
  database: Database,
  analysisId: number,
  { kind, ordinal, folder }: { kind: string; ordinal: number; folder: string },
): Promise<void> {
  const { sopClassUid, samples } = kinds[kind]!;
  const sopInstanceUid = uuidUid(randomUUID());
  const file = `results/${kind}-${ordinal}.dcm`;
  const dataset: Dataset = {
    SOPClassUID: sopClassUid,
    SOPInstanceUID: sopInstanceUid,
    PatientID: 'P1',
    PatientName: 'A^B',
    StudyInstanceUID: '1.2.3',
    SeriesInstanceUID: `1.2.3.${kind.length}`,
    ...(samples === undefined ? {} : picture(samples)),
  };
  const header = part10Header({ sopClassUid, sopInstanceUid, transferSyntaxUid: explicit });
  writeFileSync(path.join(folder, file), Buffer.concat([header, encodeDataset(dataset)]));
  await database
    .insertInto('result')
    .values({
      analysis_id: analysisId,
      kind,
      ordinal,
      sop_class_uid: sopClassUid,
      sop_instance_uid: sopInstanceUid,
      series_instance_uid: `1.2.3.${kind.length}`,
      transfer_syntax_uid: explicit,
      path: file,
    })
    .execute();
}

function picture(samples: 1 | 3): Dataset {
  return {
    SamplesPerPixel: samples,
    PhotometricInterpretation: samples === 3 ? 'RGB' : 'MONOCHROME2',
    ...(samples === 3 ? { PlanarConfiguration: 0 } : {}),
    Rows: 32,
    Columns: 32,
    BitsAllocated: 8,
    BitsStored: 8,
    HighBit: 7,
    PixelRepresentation: 0,
    PixelData: new Uint8Array(32 * 32 * samples).map((_, index) => index % 251),
  };
}
