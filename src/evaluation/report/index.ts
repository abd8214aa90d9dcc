import type { Comparison, Ranking } from '../comparison.ts';
import { matchMarks } from '../detection.ts';
import type { PipelineEvaluation } from '../evaluate.ts';
import { likertFigure } from './bars.ts';
import { escaped, figure, figures, number, range, table } from './html.ts';
import {
  challengeSection,
  classificationSection,
  detectionSection,
  scanScoreSection,
  subtypeSection,
  voxelSection,
} from './sections.ts';
import { style } from './style.ts';

/** What `evaluation.json` holds and the page shows. */
export interface Report {
  readonly schemaVersion: 1;
  readonly name: string;
  readonly softwareVersion: string;
  /** ISO 8601, UTC. */
  readonly createdAt: string;
  readonly pipelines: readonly (PipelineEvaluation & {
    readonly comparisons: readonly Comparison[];
    readonly rankings: readonly Ranking[];
  })[];
  /** Series that no rule took, each with its reason. */
  readonly leftOut: readonly string[];
}

type PipelineReport = Report['pipelines'][number];

/** The report as one HTML page: figures as SVG, no script, nothing fetched. */
export function reportPage(report: Report): string {
  return `<!doctype html>
<html lang="en"><head><meta charset="utf-8"><title>${escaped(report.name)}: evaluation</title>
<meta name="viewport" content="width=device-width, initial-scale=1"><style>${style}</style></head><body>
<h1>${escaped(report.name)}</h1>
<p class="note">Evaluation by Willis ${escaped(report.softwareVersion)}, ${escaped(report.createdAt.slice(0, 16).replace('T', ' '))} UTC</p>
${report.pipelines.map(pipelineSection).join('\n')}
${leftOutSection(report.leftOut)}
</body></html>
`;
}

function pipelineSection(one: PipelineReport): string {
  return `<section>
<h2>${escaped(one.pipeline)}</h2>
<p>Bundle ${escaped(one.bundle.id)} ${escaped(one.bundle.version)}, SHA-256 ${escaped(one.bundle.sha256.slice(0, 16))}…; bootstrap of 1,000 resamples of patients, seed ${one.seed}.</p>
<p class="use">${escaped(one.intendedUse)}</p>
${countSection(one)}
${one.classification === null ? '' : classificationSection(one.classification)}
${scanScoreSection(one.scanScores)}
${subtypeSection(one)}
${one.detection === null ? '' : detectionSection(one.detection)}
${voxelSection(one)}
${one.classification === null ? '' : challengeSection(one)}
${readerSection(one)}
${comparisonSection(one)}
${caseSection(one)}
</section>`;
}

function countSection({ counts }: PipelineReport): string {
  const left = counts.notAnalysed.reduce((sum, { cases }) => sum + cases, 0);
  const { found, of, ...interval } = counts.sensitivityOfAll;
  const reasons = counts.notAnalysed.map(({ code, cases, positives }) => [
    code,
    String(cases),
    String(positives),
  ]);
  const warning =
    left === 0
      ? `<p>All ${counts.cases} cases (${counts.patients} patients) were analysed.</p>`
      : `<p class="warning"><strong>${left} of ${counts.cases} cases were not analysed.</strong> They are in none of the figures below but this one:
with them counted as not found, ${found} of ${of} positive cases were found (${number(found / of)}, ${range(interval)}).</p>
${table(['Not analysed because', 'Cases', 'of these positive'], reasons)}`;
  return `<h3>Cases: ${counts.positives} with, ${counts.negatives} without</h3>\n${warning}`;
}

function readerSection({ readers }: PipelineReport): string {
  if (readers === null) return '';
  const rows = readers.readers.map(({ reader, ratings, decisions }) => [
    reader,
    String(ratings.ratings),
    `${number(ratings.mean, 2)} ± ${number(ratings.standardDeviation, 2)}`,
    number(decisions?.rates.sensitivity),
    number(decisions?.rates.specificity),
  ]);
  const { all } = readers;
  const whole = [
    'All',
    String(all.ratings),
    `${number(all.mean, 2)} ± ${number(all.standardDeviation, 2)}`,
    '',
    '',
  ];
  return `<h3>Readers</h3>
${table(['Reader', 'Ratings', 'Mean ± SD, 1 to 5', 'Own sensitivity', 'Own specificity'], [...rows, whole])}
<p>Agreement ICC(2,1) over ${readers.sharedCases} cases that all rated: ${number(readers.icc)}</p>
${figures(figure(likertFigure(readers), 'Ratings from 1 (misleading) to 5 (fully convincing), with their counts.'))}`;
}

function comparisonSection({ comparisons, rankings }: PipelineReport): string {
  if (comparisons.length === 0 && rankings.length === 0) return '';
  const rows = comparisons.map((one) => [
    `${one.name} (${one.bundle})`,
    String(one.cases),
    String(one.changedDecisions),
    `${number(one.aucDifference)} (p ${number(one.delongP)})`,
    number(one.nri),
    number(one.idi),
  ]);
  const ranks = rankings.map(({ task, systems }) =>
    table(
      [`ADAM rank, ${task} (0 best, 1 worst)`, 'Rank'],
      systems.map(({ name, rank }) => [name, number(rank, 4)]),
    ),
  );
  return `<h3>Against earlier evaluations</h3>
${table(['Earlier', 'Same cases', 'Changed decisions', 'AUC, now minus then (DeLong)', 'NRI', 'IDI'], rows)}
${ranks.join('\n')}`;
}

function caseSection({ cases, kind }: PipelineReport): string {
  const rows = cases.map(({ name, truth, answer }) => {
    const there =
      kind === 'haemorrhage'
        ? truth.haemorrhage?.any
        : (truth.aneurysms?.some((lesion) => !lesion.treated) ?? truth.aneurysm);
    const count =
      kind === 'aneurysm' && there === true ? ` (${truth.aneurysms?.length ?? 'number not told'})` : '';
    const label = `${there === true ? 'present' : 'absent'}${count}`;
    if (answer.kind === 'not-analysed')
      return [name, label, 'not analysed', '–', `${answer.reason.code}: ${answer.reason.text}`];
    const verdict = answer.called
      ? `reported${kind === 'aneurysm' ? ` (${answer.findings.length})` : ''}`
      : 'not reported';
    const agreement = answer.called === there ? '' : answer.called ? 'false positive' : 'MISSED';
    return [name, label, verdict, number(answer.probability), placesFound(truth, answer) || agreement];
  });
  return `<h3>Case by case</h3>
${table(['Case', 'Truth', 'The node', 'Probability', ''], rows)}`;
}

/** Which of the listed aneurysms the findings hit: a case can be rightly reported for a wrong place. */
function placesFound(
  truth: PipelineReport['cases'][number]['truth'],
  answer: Extract<PipelineReport['cases'][number]['answer'], { kind: 'analysed' }>,
): string {
  const open = (truth.aneurysms ?? []).filter((lesion) => !lesion.treated).length;
  if (open === 0 || !answer.called) return '';
  const hits = matchMarks(truth.aneurysms!, answer.findings);
  const found = new Set(hits.flatMap((hit) => (hit.kind === 'lesion' ? [hit.lesion] : []))).size;
  const wrong = hits.filter((hit) => hit.kind === 'none').length;
  return `${found} of ${open} found${found === open ? '' : found === 0 ? ', MISSED' : ', REST MISSED'}${wrong > 0 ? `, ${wrong} false` : ''}`;
}

function leftOutSection(leftOut: readonly string[]): string {
  if (leftOut.length === 0) return '';
  const items = leftOut.map((line) => `<li>${escaped(line)}</li>`).join('\n');
  return `<section><h2>Series that no rule takes</h2><ul>${items}</ul></section>`;
}
