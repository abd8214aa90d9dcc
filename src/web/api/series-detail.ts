import type { AnalysisRow, ResultRow, SeriesRow, StudyRow } from '../../archive/index.ts';
import type { SeriesFindings } from '../../findings/index.ts';
import { explain, type SeriesTraits } from '../../intake/index.ts';
import { checkStack, type FrameGeometry, type StackOutcome } from '../../volume/index.ts';
import type { Analysis, Explanation, SeriesDetail } from '../contract.ts';
import { notFound } from '../faults.ts';
import { mapFile } from '../imaging/index.ts';
import type { NodeAccess } from '../options.ts';
import { comparisonOf, findingOf, sliceCurveOf } from './finding-lines.ts';
import { pathOf } from './series-path.ts';

/** Everything the page shows of a series; throws NOT_FOUND. */
export async function readSeries(node: NodeAccess, id: number): Promise<SeriesDetail> {
  const series = await node.database.selectFrom('series').selectAll().where('id', '=', id).executeTakeFirst();
  if (series === undefined) throw notFound('series');
  const study = await node.database
    .selectFrom('study')
    .selectAll()
    .where('study_instance_uid', '=', series.study_instance_uid)
    .executeTakeFirstOrThrow();
  const instances = await node.database
    .selectFrom('instance')
    .select(['size_bytes', 'frames'])
    .where('series_id', '=', id)
    .execute();
  const traits = JSON.parse(series.description) as SeriesTraits;
  const frames = instances.flatMap((one) => JSON.parse(one.frames) as FrameGeometry[]);
  const stack = checkStack(frames, traits.expectedCount ?? undefined);
  const analyses = await analysesOf(node, id, stack);
  const explanations = explainAll(node, traits, stack);
  const sizeBytes = instances.reduce((sum, one) => sum + one.size_bytes, 0);
  return {
    ...header(series, study),
    instances: instances.length,
    sizeBytes,
    path: await pathOf(node, { series, instances: instances.length, analyses, explanations }),
    explanations,
    analyses,
    others: await othersOf(node, series, study),
  };
}

function header(
  series: SeriesRow,
  study: StudyRow,
): Omit<SeriesDetail, 'instances' | 'sizeBytes' | 'path' | 'explanations' | 'analyses' | 'others'> {
  return {
    id: series.id,
    seriesInstanceUid: series.series_instance_uid,
    studyInstanceUid: series.study_instance_uid,
    studyId: study.id,
    patientName: study.patient_name,
    patientId: study.patient_id,
    studyDate: study.study_date,
    modality: series.modality,
    description: (JSON.parse(series.description) as SeriesTraits).seriesDescription,
    caller: series.calling_ae_title,
    state: series.state,
    reason: series.reason_code === null ? null : { code: series.reason_code, text: series.reason_text ?? '' },
  };
}

const mostOthers = 20;

/** What a result can be compared with. A patient without an ID is nobody in particular. */
async function othersOf(
  node: NodeAccess,
  series: SeriesRow,
  study: StudyRow,
): Promise<SeriesDetail['others']> {
  if (study.patient_id === '') return [];
  const rows = await node.database
    .selectFrom('series')
    .innerJoin('study', 'study.study_instance_uid', 'series.study_instance_uid')
    .select(['series.id', 'series.description', 'study.study_date'])
    .where('study.patient_id', '=', study.patient_id)
    .where('study.id', '!=', study.id)
    .where('series.modality', '=', series.modality)
    .orderBy('study.study_date', 'desc')
    .limit(mostOthers)
    .execute();
  return rows.map((row) => ({
    id: row.id,
    studyDate: row.study_date,
    description: (JSON.parse(row.description) as SeriesTraits).seriesDescription,
  }));
}

/** Each rule as it is now, line by line. */
function explainAll(node: NodeAccess, traits: SeriesTraits, stack: StackOutcome): Explanation[] {
  return node.facts().rules.map((rule) => {
    const { matches, lines } = explain(rule, traits, stack);
    return { rule: rule.name, matches, lines: [...lines] };
  });
}

async function analysesOf(node: NodeAccess, seriesId: number, stack: StackOutcome): Promise<Analysis[]> {
  const rows = await node.database
    .selectFrom('analysis')
    .selectAll()
    .where('series_id', '=', seriesId)
    .orderBy('id', 'desc')
    .execute();
  if (rows.length === 0) return [];
  const results = await node.database
    .selectFrom('result')
    .selectAll()
    .where(
      'analysis_id',
      'in',
      rows.map(({ id }) => id),
    )
    .orderBy('id')
    .execute();
  return rows.map((row, index) => ({
    ...analysisOf(
      row,
      results.filter((one) => one.analysis_id === row.id),
      stack,
    ),
    isNewest: index === 0,
    hasMap: mapFile(node.files, row.folder) !== null,
    sliceCurve: sliceCurveOf(node.files, row.folder, stack),
  }));
}

function analysisOf(
  row: AnalysisRow,
  results: readonly ResultRow[],
  stack: StackOutcome,
): Omit<Analysis, 'isNewest' | 'hasMap' | 'sliceCurve'> {
  const said = JSON.parse(row.findings) as SeriesFindings;
  return {
    id: row.id,
    rule: row.rule,
    pipeline: row.pipeline,
    bundle: `${said.bundle.id} ${said.bundle.version}`,
    version: row.version,
    supersedesId: row.supersedes_id,
    state: row.state,
    reason: said.state === 'not-analysed' ? { ...said.reason } : null,
    probability: said.state === 'not-analysed' ? null : said.probability,
    findings: said.findings.map((finding, index) => findingOf(finding, index, stack)),
    comparison: comparisonOf(said),
    finishedAt: row.finished_at,
    timingsMs: { ...said.timingsMs },
    results: results.map((one) => ({
      kind: one.kind,
      ordinal: one.ordinal,
      sopInstanceUid: one.sop_instance_uid,
      seriesInstanceUid: one.series_instance_uid,
      isPicture: secondaryCapture.test(one.sop_class_uid),
    })),
  };
}

const secondaryCapture = /^1\.2\.840\.10008\.5\.1\.4\.1\.1\.7(\.[1-4])?$/;
