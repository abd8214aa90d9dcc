import { randomUUID } from 'node:crypto';
import type { Database, Transaction } from './archive/index.ts';
import type { Config } from './config/index.ts';
import { enqueue, type JobHandler } from './jobs/index.ts';
import { sendSyslog, type AssociationSummary } from './network/index.ts';
import type { StoredCount } from './node-receiver.ts';
import { auditXml, type AuditMessage } from './operations/index.ts';

/** Audit messages (PS3.15 A.5): each is a durable job, so that a collector that is down loses none. */
export interface NodeAudit {
  readonly handlers: readonly (readonly [string, JobHandler])[];
  /** Tells of the start, and when it is disposed, of the stop. */
  running(): AsyncDisposable;
  /** An association brought instances. */
  received(summary: AssociationSummary, stored: readonly StoredCount[]): void;
  /** A destination stored results. */
  delivered(analysisId: number, destination: string): void;
  /** Somebody signed in or out, changed something, or was refused. */
  acted(act: AuditedAct): void;
  deleted(
    transaction: Transaction,
    study: { readonly studyInstanceUid: string; readonly patientId: string },
  ): Promise<void>;
}

interface AuditedAct {
  readonly who: string;
  readonly address: string;
  readonly action: string;
  readonly object: string;
  readonly outcome: 'success' | 'refused';
}

interface AuditParts {
  readonly database: Database;
  readonly config: Config;
  readonly now: () => number;
  readonly onFault: (error: unknown) => void;
}

/** Does nothing where `operations.audit` names no collector. */
export function openAudit(parts: AuditParts): NodeAudit {
  const { database, config, now, onFault } = parts;
  const { audit } = config.operations;
  const { aeTitle } = config.node;
  if (audit === undefined) return silentAudit;
  const us = { userId: `${aeTitle}@${String(process.pid)}`, alternativeId: `AETITLES=${aeTitle}` };
  const put = async (message: AuditMessage, within?: Transaction): Promise<void> => {
    const payload = { text: auditXml(message, aeTitle), at: message.at };
    const job = { kind: 'audit', queue: 'audit', key: `audit:${randomUUID()}`, payload, dueAt: now() };
    if (within !== undefined) await enqueue(within, job, now());
    else await database.transaction().execute(async (transaction) => await enqueue(transaction, job, now()));
  };
  const sendCounted = async (
    counted: Promise<readonly Counted[]>,
    participants: AuditMessage['participants'],
  ): Promise<void> => {
    for (const message of transferred(await counted, participants, now())) await put(message);
  };
  const later = (work: Promise<void>): void => void work.catch(onFault);
  const activity = async (type: 'start' | 'stop'): Promise<void> =>
    await put({
      ...{ event: 'application activity', type, action: 'E', at: now(), succeeded: true },
      participants: [{ ...us, isRequestor: false, role: 'application' }],
    });
  return {
    handlers: [['audit', auditHandler(audit, aeTitle)]],
    running: () => {
      later(activity('start'));
      return { [Symbol.asyncDispose]: async () => await activity('stop').catch(onFault) };
    },
    received: ({ callingAeTitle, remoteAddress }, stored) => {
      const alternativeId = `AETITLES=${callingAeTitle}`;
      const from = { userId: callingAeTitle, alternativeId, address: remoteAddress };
      const participants = [
        { ...from, isRequestor: true, role: 'source' as const },
        { ...us, isRequestor: false, role: 'destination' as const },
      ];
      later(sendCounted(ofSeries(database, stored), participants));
    },
    delivered: (analysisId, destination) => {
      const participants = [
        { ...us, isRequestor: true, role: 'source' as const },
        { userId: destination, isRequestor: false, role: 'destination' as const },
      ];
      later(sendCounted(ofAnalysis(database, analysisId), participants));
    },
    acted: (act) => later(put(actMessage(act, now()))),
    deleted: async (transaction, { studyInstanceUid, patientId }) =>
      await put(
        {
          ...{ event: 'study deleted', action: 'D', at: now(), succeeded: true, patientId },
          participants: [{ ...us, isRequestor: true, role: 'application' }],
          studies: [{ studyInstanceUid, sopClasses: [] }],
        },
        transaction,
      ),
  };
}

const silentAudit: NodeAudit = {
  handlers: [],
  running: () => ({ [Symbol.asyncDispose]: async () => await Promise.resolve() }),
  received: () => undefined,
  delivered: () => undefined,
  acted: () => undefined,
  deleted: async () => await Promise.resolve(),
};

/** Audit messages wait for their collector as long as it takes. */
function auditHandler(
  collector: NonNullable<Config['operations']['audit']>,
  application: string,
): JobHandler {
  return {
    maxAttempts: 100_000,
    firstRetryMs: 2000,
    longestRetryMs: 600_000,
    run: async ({ payload }) => {
      await sendSyslog(collector, { ...(payload as { text: string; at: number }), application });
      return { kind: 'done', commit: async () => await Promise.resolve() };
    },
    onDead: async () => await Promise.resolve(),
  };
}

const signing: Readonly<Record<string, 'login' | 'logout'>> = { login: 'login', logout: 'logout' };

function actMessage({ who, address, action, object, outcome }: AuditedAct, at: number): AuditMessage {
  const participants = [{ userId: who, isRequestor: true, address }];
  const succeeded = outcome === 'success';
  const type = signing[action];
  if (type !== undefined)
    return { event: 'user authentication', type, action: 'E', at, succeeded, participants };
  const kind = succeeded ? 'software configuration' : 'restricted function';
  const what = `${action}: ${object}`;
  return { event: 'security alert', type: kind, action: 'E', at, succeeded, participants, object: what };
}

/** A message a study and patient, with how many objects of each SOP class. */
function transferred(
  counted: readonly Counted[],
  participants: AuditMessage['participants'],
  at: number,
): readonly AuditMessage[] {
  const byStudy = Map.groupBy(counted, ({ studyInstanceUid }) => studyInstanceUid);
  return [...byStudy].map(([studyInstanceUid, rows]) => ({
    ...{ event: 'instances transferred', action: 'C', at, succeeded: true, participants },
    patientId: rows[0]!.patientId,
    studies: [{ studyInstanceUid, sopClasses: rows.map(({ uid, instances }) => ({ uid, instances })) }],
  }));
}

interface Counted {
  readonly studyInstanceUid: string;
  readonly patientId: string;
  readonly uid: string;
  readonly instances: number;
}

async function ofSeries(database: Database, stored: readonly StoredCount[]): Promise<readonly Counted[]> {
  const ids = stored.map(({ seriesId }) => seriesId);
  const series = await database
    .selectFrom('series')
    .innerJoin('study', 'study.study_instance_uid', 'series.study_instance_uid')
    .select(['series.id', 'study.study_instance_uid as studyInstanceUid', 'study.patient_id as patientId'])
    .where('series.id', 'in', ids)
    .execute();
  return stored.flatMap(({ seriesId, sopClassUid, instances }) =>
    series
      .filter(({ id }) => id === seriesId)
      .map(({ studyInstanceUid, patientId }) => ({
        studyInstanceUid,
        patientId,
        uid: sopClassUid,
        instances,
      })),
  );
}

async function ofAnalysis(database: Database, analysisId: number): Promise<readonly Counted[]> {
  return await database
    .selectFrom('result')
    .innerJoin('analysis', 'analysis.id', 'result.analysis_id')
    .innerJoin('series', 'series.id', 'analysis.series_id')
    .innerJoin('study', 'study.study_instance_uid', 'series.study_instance_uid')
    .select((eb) => [
      'study.study_instance_uid as studyInstanceUid',
      'study.patient_id as patientId',
      'result.sop_class_uid as uid',
      eb.fn.countAll<number>().as('instances'),
    ])
    .where('analysis.id', '=', analysisId)
    .groupBy(['study.study_instance_uid', 'study.patient_id', 'result.sop_class_uid'])
    .execute();
}
