import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import type { AnalysisRow, ArchiveFiles, Database, ResultRow, Transaction } from '../archive/index.ts';
import { derivedUid, readInstance } from '../dicom/index.ts';
import type { SeriesFindings } from '../findings/index.ts';
import { enqueue, type JobHandler, type JobOutcome } from '../jobs/index.ts';
import { notifyAvailability, sendHl7 } from '../network/index.ts';
import type { DeliveryEvents, Destination, DicomDestination, Hl7Receiver } from './destination.ts';
import { resultMessage } from './oru.ts';

export interface NoticeOptions {
  readonly callingAeTitle: string;
  readonly files: ArchiveFiles;
  readonly now: () => number;
  readonly events: DeliveryEvents;
  /** What a bundle, by its SHA-256, may be used for; undefined where it is no longer installed. */
  readonly intendedUse: (bundleSha256: string) => string | undefined;
}

interface NoticePayload {
  readonly analysisId: number;
}

/** In the transaction that ends a delivery: who else is told, once an analysis. */
export async function enqueueNotices(
  transaction: Transaction,
  destination: Destination,
  analysisId: number,
  now: number,
): Promise<void> {
  const kinds = [
    ...(destination.hl7 === undefined ? [] : [hl7Kind(destination.name)]),
    ...(destination.type === 'stow-rs' || destination.instanceAvailability === undefined
      ? []
      : [availabilityKind(destination.name)]),
  ];
  for (const kind of kinds) {
    const key = `${kind}:${analysisId}`;
    const known = await transaction.selectFrom('job').select('id').where('key', '=', key).executeTakeFirst();
    const payload: NoticePayload = { analysisId };
    // a delivery ends twice where storage commitment asked for it again
    if (known === undefined) await enqueue(transaction, { kind, queue: kind, key, payload, dueAt: now }, now);
  }
}

/** Handlers of what a destination wants told, by job kind. */
export function noticeHandlers(
  database: Database,
  destination: Destination,
  options: NoticeOptions,
): readonly (readonly [string, JobHandler])[] {
  const handler = (run: (analysisId: number) => Promise<void>): JobHandler => ({
    maxAttempts: 10_000,
    firstRetryMs: destination.firstRetrySeconds * 1000,
    longestRetryMs: destination.longestRetrySeconds * 1000,
    run: async (job): Promise<JobOutcome> => {
      await run((job.payload as NoticePayload).analysisId);
      return { kind: 'done', commit: async () => await Promise.resolve() };
    },
    // The job row keeps the error; the results themselves are in the PACS.
    onDead: async () => await Promise.resolve(),
  });
  const { hl7, name } = destination;
  const hl7Handlers =
    hl7 === undefined
      ? []
      : [
          [
            hl7Kind(name),
            handler(async (analysisId) => await tellHl7(database, { hl7, name, analysisId }, options)),
          ] as const,
        ];
  if (destination.type === 'stow-rs' || destination.instanceAvailability === undefined) return hl7Handlers;
  const run = async (analysisId: number): Promise<void> =>
    await tellAvailability(database, destination, analysisId, options);
  return [...hl7Handlers, [availabilityKind(name), handler(run)]];
}

function hl7Kind(destination: string): string {
  return `hl7:${destination}`;
}

function availabilityKind(destination: string): string {
  return `availability:${destination}`;
}

async function tellHl7(
  database: Database,
  { hl7, name, analysisId }: { hl7: Hl7Receiver; name: string; analysisId: number },
  options: NoticeOptions,
): Promise<void> {
  const analysis = await database
    .selectFrom('analysis')
    .selectAll()
    .where('id', '=', analysisId)
    .executeTakeFirstOrThrow();
  // the same at each try, so that the receiver can tell a double
  const controlId = createHash('sha256')
    .update(`${name} ${analysisId} ${analysis.folder}`)
    .digest('hex')
    .slice(0, 20);
  const attributes = await sourceAttributes(database, analysisId, options.files);
  const text = (keyword: string): string => attributes.text(keyword) ?? '';
  const message = resultMessage({
    controlId,
    sentAt: new Date(options.now()),
    from: { application: hl7.sendingApplication, facility: hl7.sendingFacility },
    to: { application: hl7.receivingApplication, facility: hl7.receivingFacility },
    patient: {
      id: text('PatientID'),
      issuer: text('IssuerOfPatientID'),
      name: text('PatientName'),
      birthDate: text('PatientBirthDate'),
      sex: text('PatientSex'),
    },
    study: {
      accessionNumber: text('AccessionNumber'),
      studyInstanceUid: text('StudyInstanceUID'),
      date: text('StudyDate'),
      time: text('StudyTime'),
    },
    findings: JSON.parse(analysis.findings) as SeriesFindings,
    intendedUse: statement(analysis, options),
  });
  await sendHl7(hl7, message, controlId);
  options.events.notified({ destination: name, analysisId, by: 'hl7' });
}

function statement(analysis: AnalysisRow, options: NoticeOptions): string {
  return (
    options.intendedUse(analysis.bundle_sha256) ??
    'The bundle that made this result is no longer installed; its card tells what it may be used for.'
  );
}

/** Results carry the patient and study of their source; the smallest kinds come first. */
async function sourceAttributes(
  database: Database,
  analysisId: number,
  files: ArchiveFiles,
): Promise<ReturnType<typeof readInstance>['attributes']> {
  const row = await database
    .selectFrom('result')
    .selectAll()
    .where('analysis_id', '=', analysisId)
    .orderBy((eb) => eb.case().when('kind', 'like', 'sr%').then(0).else(1).end())
    .executeTakeFirstOrThrow();
  return readInstance(await readFile(files.absolute(row.path))).attributes;
}

async function tellAvailability(
  database: Database,
  destination: DicomDestination,
  analysisId: number,
  options: NoticeOptions,
): Promise<void> {
  const rows: readonly ResultRow[] = await database
    .selectFrom('result')
    .innerJoin('delivered', 'delivered.result_id', 'result.id')
    .selectAll('result')
    .where('result.analysis_id', '=', analysisId)
    .where('delivered.destination', '=', destination.name)
    .execute();
  const peer = destination.instanceAvailability;
  if (rows.length === 0 || peer === undefined) return;
  const attributes = await sourceAttributes(database, analysisId, options.files);
  const instances = rows.map((row) => ({
    seriesInstanceUid: row.series_instance_uid,
    sopClassUid: row.sop_class_uid,
    sopInstanceUid: row.sop_instance_uid,
  }));
  await notifyAvailability(
    peer,
    {
      sopInstanceUid: derivedUid(
        'willis-availability',
        destination.name,
        ...instances.map((one) => one.sopInstanceUid),
      ),
      studyInstanceUid: attributes.text('StudyInstanceUID') ?? '',
      retrieveAeTitle: destination.aeTitle,
      instances,
    },
    { callingAeTitle: options.callingAeTitle },
  );
  options.events.notified({ destination: destination.name, analysisId, by: 'instance availability' });
}
