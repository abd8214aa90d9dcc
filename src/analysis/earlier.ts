import type { Database, InstanceRow, Transaction } from '../archive/index.ts';
import type { SeriesFindings } from '../findings/index.ts';
import { explain, type Rule, type SeriesTraits } from '../intake/index.ts';
import { checkStack, type FrameGeometry } from '../volume/index.ts';
import type { EarlierSeries } from './task.ts';

export interface Reader {
  readonly rule: Rule;
  readonly pipeline: string;
  readonly bundleSha256: string;
  /** While studies are being fetched since then, what came meanwhile may not be whole. */
  readonly fetchingSince?: number | undefined;
}

/** A series of an earlier study, and its paths inside the archive. */
export type Earlier = Pick<EarlierSeries, 'prior' | 'known'> & { readonly paths: readonly string[] };

const mostLookedAt = 20;

/**
 * The newest earlier series of the same patient that the same rule takes, whether it was analysed or only fetched; of one study
 * the one with most images. The patient is Patient ID and Issuer of Patient ID, both equal; another birth date or sex is
 * another patient. A patient without an ID is nobody in particular.
 */
export async function findEarlier(
  database: Database | Transaction,
  seriesId: number,
  reader: Reader,
): Promise<Earlier | null> {
  const current = await database
    .selectFrom('series')
    .innerJoin('study', 'study.study_instance_uid', 'series.study_instance_uid')
    .selectAll('study')
    .select('series.modality')
    .where('series.id', '=', seriesId)
    .executeTakeFirst();
  if (current === undefined || current.patient_id === '' || current.study_date === '') return null;
  const rows = await database
    .selectFrom('study')
    .innerJoin('series', 'series.study_instance_uid', 'study.study_instance_uid')
    .innerJoin('instance', 'instance.series_id', 'series.id')
    .select(['series.id', 'series.series_instance_uid', 'series.study_instance_uid', 'series.description'])
    .select(['study.study_date', 'study.patient_birth_date', 'study.patient_sex'])
    .where('study.patient_id', '=', current.patient_id)
    .where('study.issuer_of_patient_id', '=', current.issuer_of_patient_id)
    .where('study.study_date', '<', current.study_date)
    .where('study.study_date', '!=', '')
    .where('series.modality', '=', current.modality)
    .where('series.state', 'not in', ['receiving', 'queued'])
    .where((eb) =>
      eb.or([
        eb('series.origin', '=', 'routed'),
        eb('series.first_received_at', '<', reader.fetchingSince ?? Number.MAX_SAFE_INTEGER),
      ]),
    )
    .groupBy('series.id')
    .orderBy('study.study_date', 'desc')
    .orderBy((eb) => eb.fn.count('instance.id'), 'desc')
    .limit(mostLookedAt)
    .execute();
  const agree = (a: string, b: string): boolean => a === '' || b === '' || a === b;
  for (const row of rows) {
    if (!agree(row.patient_birth_date, current.patient_birth_date)) continue;
    if (!agree(row.patient_sex, current.patient_sex)) continue;
    const instances = await instancesOf(database, row.id);
    if (!isTaken(reader.rule, JSON.parse(row.description) as SeriesTraits, instances)) continue;
    const read = await readBefore(database, row.id, reader);
    const prior = {
      studyInstanceUid: row.study_instance_uid,
      seriesInstanceUid: row.series_instance_uid,
      studyDate: row.study_date,
      report: read.report,
    };
    return { prior, known: read.findings, paths: instances.map(({ path }) => path) };
  }
  return null;
}

async function instancesOf(
  database: Database | Transaction,
  seriesId: number,
): Promise<readonly InstanceRow[]> {
  return await database.selectFrom('instance').selectAll().where('series_id', '=', seriesId).execute();
}

function isTaken(rule: Rule, traits: SeriesTraits, instances: readonly InstanceRow[]): boolean {
  const frames = instances.flatMap(({ frames }) => JSON.parse(frames) as FrameGeometry[]);
  const stack = checkStack(frames, traits.expectedCount ?? undefined);
  return stack.kind === 'stack' && explain(rule, traits, stack).matches;
}

/** What the same bundles said of the series when it was new, and the report that a PACS has of it. */
async function readBefore(
  database: Database | Transaction,
  seriesId: number,
  { pipeline, bundleSha256 }: Reader,
): Promise<{ readonly findings: SeriesFindings | null; readonly report: EarlierSeries['prior']['report'] }> {
  const analysis = await database
    .selectFrom('analysis')
    .select(['id', 'findings', 'bundle_sha256', 'pipeline'])
    .where('series_id', '=', seriesId)
    .orderBy('id', 'desc')
    .executeTakeFirst();
  const isSame = analysis?.bundle_sha256 === bundleSha256 && analysis.pipeline === pipeline;
  if (analysis === undefined || !isSame) return { findings: null, report: null };
  const report = await database
    .selectFrom('result')
    .innerJoin('delivered', 'delivered.result_id', 'result.id')
    .select(['sop_class_uid', 'sop_instance_uid', 'series_instance_uid'])
    .where('analysis_id', '=', analysis.id)
    .where('kind', 'in', ['sr', 'sr-comprehensive', 'sr-basic-text'])
    .orderBy('kind')
    .executeTakeFirst();
  return {
    findings: JSON.parse(analysis.findings) as SeriesFindings,
    report:
      report === undefined
        ? null
        : {
            sopClassUid: report.sop_class_uid,
            sopInstanceUid: report.sop_instance_uid,
            seriesInstanceUid: report.series_instance_uid,
          },
  };
}
