import { rm } from 'node:fs/promises';
import { sql } from 'kysely';
import type { Database, Transaction } from './database.ts';
import type { ArchiveFiles } from './files.ts';

/** A study that may go: all of its series are judged, and no job works on it or waits for it. */
export interface ExpendableStudy {
  readonly id: number;
  readonly studyInstanceUid: string;
  /** No image since then. */
  readonly before: number;
}

export interface DeletedStudy {
  readonly instances: number;
  readonly analyses: number;
  readonly patientId: string;
}

/** Studies without a new image since `before`, oldest first. What was given up on its way to a destination is not expendable until it is put away. */
export async function expendableStudies(
  database: Database,
  before: number,
  only: { readonly limit: number; readonly studyId?: number },
): Promise<readonly ExpendableStudy[]> {
  const rows = await database
    .selectFrom('study')
    .select(['id', 'study_instance_uid'])
    .where('last_received_at', '<', before)
    .where(
      sql<boolean>`not exists (select 1 from series s where s.study_instance_uid = study.study_instance_uid
      and (s.state in ('receiving', 'queued') or s.last_received_at >= ${before}))`,
    )
    .where(
      sql<boolean>`not exists (select 1 from job j join series s on s.id = json_extract(j.payload, '$.seriesId')
      where s.study_instance_uid = study.study_instance_uid and j.state in ('available', 'running'))`,
    )
    .where(
      sql<boolean>`not exists (select 1 from job j
      join analysis a on a.id = json_extract(j.payload, '$.analysisId') join series s on s.id = a.series_id
      where s.study_instance_uid = study.study_instance_uid
      and (j.state in ('available', 'running') or (j.state = 'dead' and j.put_away_at is null)))`,
    )
    .orderBy('last_received_at')
    .where('id', only.studyId === undefined ? 'is not' : '=', only.studyId ?? null)
    .limit(only.limit)
    .execute();
  return rows.map((row) => ({
    id: row.id,
    studyInstanceUid: row.study_instance_uid,
    before,
  }));
}

/**
 * Deletes a study from the index, then its files; a crash between leaves files that no row names. Readings are kept.
 * `within` runs in the same transaction. Null where the study is no longer expendable.
 */
export async function deleteStudy(
  database: Database,
  files: ArchiveFiles,
  study: ExpendableStudy,
  within: (transaction: Transaction, deleted: DeletedStudy) => Promise<void>,
): Promise<DeletedStudy | null> {
  const removed = await database.transaction().execute(async (transaction) => {
    const only = { limit: 1, studyId: study.id };
    if ((await expendableStudies(transaction, study.before, only)).length === 0) return null;
    const found = await removeRows(transaction, study);
    await within(transaction, found.deleted);
    return found;
  });
  if (removed === null) return null;
  for (const place of removed.places) await rm(files.absolute(place), { recursive: true, force: true });
  return removed.deleted;
}

interface Removed {
  readonly deleted: DeletedStudy;
  /** Files and folders, relative to the data folder. */
  readonly places: readonly string[];
}

async function removeRows(transaction: Transaction, study: ExpendableStudy): Promise<Removed> {
  const series = sql`select id from series where study_instance_uid = ${study.studyInstanceUid}`;
  const analyses = sql`select id from analysis where series_id in (${series})`;
  const instances = sql`select id from instance where series_id in (${series})`;
  const places = await sql<{ place: string }>`
    select path as place from instance where series_id in (${series})
    union all select path from instance_copy where instance_id in (${instances})
    union all select folder from analysis where series_id in (${series})`.execute(transaction);
  const counts = await sql<{ instances: number; analyses: number; patient_id: string }>`
    select (select count(*) from instance where series_id in (${series})) as instances,
      (select count(*) from analysis where series_id in (${series})) as analyses,
      (select patient_id from study where id = ${study.id}) as patient_id`.execute(transaction);
  await sql`insert into kept_reading (analysis_id, finding, reader, opinion, rating, comment, at, findings, pipeline)
    select r.analysis_id, r.finding, r.reader, r.opinion, r.rating, r.comment, r.at, a.findings, a.pipeline
    from reading r join analysis a on a.id = r.analysis_id where a.series_id in (${series})`.execute(
    transaction,
  );
  const uids = sql`select series_instance_uid from series where study_instance_uid = ${study.studyInstanceUid}`;
  const steps = [
    sql`delete from carrier where series_instance_uid in (${uids})`,
    sql`delete from awaited_instance where series_instance_uid in (${uids})`,
    sql`delete from job where json_extract(payload, '$.seriesId') in (${series})`,
    sql`delete from job where json_extract(payload, '$.analysisId') in (${analyses})`,
    sql`delete from commitment_instance where transaction_uid in
      (select transaction_uid from commitment where analysis_id in (${analyses}))`,
    sql`delete from commitment where analysis_id in (${analyses})`,
    sql`delete from superseded_delivery where analysis_id in (${analyses})`,
    sql`delete from given_up where analysis_id in (${analyses})`,
    sql`delete from reading where analysis_id in (${analyses})`,
    sql`delete from delivered where result_id in (select id from result where analysis_id in (${analyses}))`,
    sql`delete from result where analysis_id in (${analyses})`,
    sql`delete from analysis where series_id in (${series})`,
    sql`delete from instance_copy where instance_id in (${instances})`,
    sql`delete from instance where series_id in (${series})`,
    sql`delete from series where study_instance_uid = ${study.studyInstanceUid}`,
    sql`delete from study where id = ${study.id}`,
  ];
  for (const step of steps) await step.execute(transaction);
  const row = counts.rows[0]!;
  return {
    deleted: { instances: row.instances, analyses: row.analyses, patientId: row.patient_id },
    places: places.rows.map(({ place }) => place),
  };
}
