import { X509Certificate } from 'node:crypto';
import { statfsSync } from 'node:fs';
import { copyFile, mkdir, readFile, readdir, rename, rm } from 'node:fs/promises';
import path from 'node:path';
import type { AnalysisWorker } from './analysis/index.ts';
import {
  backupIndex,
  deleteStudy,
  expendableStudies,
  unindexedInstances,
  type ArchiveFiles,
  type Database,
} from './archive/index.ts';
import type { Config, ConfigStore } from './config/index.ts';
import { WillisError } from './errors.ts';
import type { Ingest } from './intake/index.ts';
import type { NodeAudit } from './node-audit.ts';
import { requireReady, type RemoteHealth } from './node-inference.ts';
import { testAll } from './node-self-test.ts';
import type { LiveSettings } from './node-settings.ts';
import type { Task } from './operations/index.ts';

export interface TaskParts {
  readonly database: Database;
  readonly files: ArchiveFiles;
  readonly worker: AnalysisWorker;
  readonly remotes: RemoteHealth;
  readonly live: LiveSettings;
  readonly store: ConfigStore;
  readonly ingest: Ingest;
  readonly audit: NodeAudit;
  readonly now: () => number;
}

/** What the node does by itself, as configured when it started. */
export function nodeTasks(parts: TaskParts): readonly Task[] {
  const { selfTest, watch, retention, backup } = parts.live.config.operations;
  return [
    { name: 'selfTest', schedule: selfTest.schedule, run: async () => await testAll(parts) },
    { name: 'watch', schedule: watch.schedule, run: async () => await lookAround(parts) },
    ...(retention === undefined
      ? []
      : [
          {
            name: 'retention',
            schedule: retention.schedule,
            run: async () => await retain(parts, retention),
          },
        ]),
    ...(backup === undefined
      ? []
      : [{ name: 'backup', schedule: backup.schedule, run: async () => await backUp(parts, backup) }]),
  ];
}

/** Disk, certificates, instances without an index row, and inference servers. Also forgets audit messages that went out long ago. */
async function lookAround({ live, files, database, remotes, now }: TaskParts): Promise<string> {
  await database
    .deleteFrom('job')
    .where('kind', '=', 'audit')
    .where('state', '=', 'done')
    .where('finished_at', '<', now() - 86_400_000)
    .execute();
  const { minimumFreeMegabytes } = live.config.node;
  const free = freeBytes(files.dataDir) / 1e6;
  const faults = await expiring(live.config, now());
  if (free < 2 * minimumFreeMegabytes)
    faults.push(
      `${Math.round(free)} MB of disk are free; below ${minimumFreeMegabytes} MB no image is taken any more`,
    );
  const unindexed = await unindexedInstances(files);
  if (unindexed.count > 0)
    faults.push(
      `${unindexed.count} instances that the index does not name lie in ${unindexed.folder}: send them to this node again (willis send), or delete them`,
    );
  if (faults.length > 0) throw new WillisError('ATTENTION_NEEDED', `${faults.join('; ')}.`);
  requireReady(await remotes.look());
  return `${Math.round(free)} MB of disk are free; certificates are good`;
}

/** Certificates of ours that end soon, a sentence each. */
async function expiring(config: Config, now: number): Promise<string[]> {
  const faults: string[] = [];
  for (const one of await certificates(config)) {
    const days = (one.validTo - now) / 86_400_000;
    if (days >= config.operations.watch.certificateDays) continue;
    const when = days < 0 ? 'has expired' : `expires in ${Math.floor(days)} days`;
    faults.push(`the certificate ${one.file} ${when}`);
  }
  return faults;
}

export interface Certificate {
  readonly file: string;
  readonly use: string;
  readonly subject: string;
  readonly validTo: number;
}

/** Every certificate file the configuration names; throws TLS_FILES_UNREADABLE. */
export async function certificates(config: Config): Promise<readonly Certificate[]> {
  const { dicom, web, destinations, inference, operations } = config;
  const named = [
    { use: 'receiver', file: dicom.tls?.cert },
    { use: 'page', file: web.tls?.certificateFile },
    { use: 'audit', file: operations.audit?.tls?.cert },
    { use: 'authority of the audit collector', file: operations.audit?.tls?.ca },
    ...destinations.flatMap(({ name, tls }) => [
      { use: `destination ${name}`, file: tls?.cert },
      { use: `authority of ${name}`, file: tls?.ca },
    ]),
    ...inference.remotes.flatMap(({ name, tls }) => [
      { use: `inference server ${name}`, file: tls?.cert },
      { use: `authority of inference server ${name}`, file: tls?.ca },
    ]),
  ];
  const found: Certificate[] = [];
  for (const { use, file } of named) {
    if (file === undefined) continue;
    const { subject, validTo } = await readCertificate(file);
    found.push({ file, use, subject: subject.replace(/\n/g, ', '), validTo: Date.parse(validTo) });
  }
  return found;
}

async function readCertificate(file: string): Promise<X509Certificate> {
  try {
    return new X509Certificate(await readFile(file));
  } catch (cause) {
    throw new WillisError(
      'TLS_FILES_UNREADABLE',
      `The certificate ${file} cannot be read. Check the path and that it is PEM.`,
      {
        cause,
      },
    );
  }
}

type Retention = NonNullable<Config['operations']['retention']>;
const dayMs = 86_400_000;
const mostStudiesARun = 10_000;

/** By age first, then by disk; never a study younger than a day. */
async function retain(parts: TaskParts, { maxAgeDays, minimumFreeMegabytes }: Retention): Promise<string> {
  let count = 0;
  if (maxAgeDays !== undefined) {
    const old = { before: parts.now() - maxAgeDays * dayMs, until: () => false };
    count += await removeOldest(parts, old);
  }
  if (minimumFreeMegabytes !== undefined) {
    const isEnough = (): boolean => freeBytes(parts.files.dataDir) >= minimumFreeMegabytes * 1e6;
    count += await removeOldest(parts, { before: parts.now() - dayMs, until: isEnough });
    if (!isEnough())
      throw new WillisError(
        'ATTENTION_NEEDED',
        `${count} studies were deleted, and still less than ${minimumFreeMegabytes} MB are free: the other studies are new, or wait for a destination.`,
      );
  }
  return `${count} studies deleted`;
}

async function removeOldest(
  { database, files, ingest, audit, now }: TaskParts,
  which: { readonly before: number; readonly until: () => boolean },
): Promise<number> {
  let count = 0;
  for (const study of await expendableStudies(database, which.before, { limit: mostStudiesARun })) {
    if (which.until()) break;
    const deleted = await deleteStudy(
      database,
      files,
      study,
      async (transaction, { instances, patientId }) => {
        const detail = `${instances} instances`;
        await transaction
          .insertInto('audit')
          .values({
            ...{ at: now(), who: 'retention', address: 'this node', action: 'study deleted' },
            ...{ object: `study ${study.id}`, outcome: 'success', detail },
          })
          .execute();
        await audit.deleted(transaction, { studyInstanceUid: study.studyInstanceUid, patientId });
        ingest.forgetSeries();
      },
    );
    if (deleted !== null) count += 1;
  }
  return count;
}

/** A folder a backup: it appears whole; the oldest go. */
async function backUp(
  { database, store, now }: TaskParts,
  { folder, keep }: NonNullable<Config['operations']['backup']>,
): Promise<string> {
  const name = `willis-${new Date(now()).toISOString().replace(/[:.]/g, '-')}`;
  const draft = path.join(folder, `${name}.draft`);
  await mkdir(draft, { recursive: true });
  await backupIndex(database, path.join(draft, 'index.sqlite'));
  const { file } = store.document();
  await copyFile(file, path.join(draft, 'willis.json')).catch(ignoreMissing);
  await rename(draft, path.join(folder, name));
  const all = (await readdir(folder)).filter((one) => /^willis-[\dTZ-]+$/.test(one)).sort();
  const old = all.slice(0, Math.max(0, all.length - keep));
  for (const one of old) await rm(path.join(folder, one), { recursive: true });
  return `${name} written; ${all.length - old.length} backups kept`;
}

/** The configuration is not on disk until it was changed. */
function ignoreMissing(error: NodeJS.ErrnoException): void {
  if (error.code !== 'ENOENT') throw error;
}

function freeBytes(folder: string): number {
  const { bavail, bsize } = statfsSync(folder);
  return bavail * bsize;
}
