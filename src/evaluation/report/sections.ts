import type { Classification, RateName } from '../classification.ts';
import type { DetectionFigures } from '../detection-figures.ts';
import type { PipelineEvaluation } from '../evaluate.ts';
import { wilson } from '../intervals.ts';
import type { ScanScoreFigures } from '../scan-score-figures.ts';
import { distanceFigure, groupFigure, intervalFigure, stripFigure } from './bars.ts';
import {
  calibrationFigure,
  confusionFigure,
  decisionFigure,
  frocFigure,
  probabilityFigure,
  rocFigure,
} from './curves.ts';
import { figure, figures, number, range, table } from './html.ts';

const rateNames: readonly (readonly [RateName, string])[] = [
  ['sensitivity', 'Sensitivity'],
  ['specificity', 'Specificity'],
  ['ppv', 'Positive predictive value'],
  ['npv', 'Negative predictive value'],
  ['accuracy', 'Accuracy'],
  ['f1', 'F1'],
  ['f2', 'F2'],
  ['youden', "Youden's J"],
];

const scoreNames = { max: 'Maximum', mean: 'Mean', p95: '95th percentile' } as const;

/** The paper's scan scores beside the node's own probability. */
export function scanScoreSection(rows: readonly ScanScoreFigures[]): string {
  if (rows.length === 0) return '';
  return `
<h4>Scan scores as in the paper</h4>
<p>One number a scan, of the map of patch probabilities inside the head. The node decides by calibrated candidates instead, above.</p>
${table(
  ['Score', 'AUC', '95 % interval (DeLong)', 'Youden threshold on these cases'],
  rows.map(({ score, auc, youdenThreshold }) => [
    scoreNames[score],
    number(auc.value),
    range(auc.delong),
    number(youdenThreshold),
  ]),
)}`;
}

/** Is it there: the case as a whole. */
export function classificationSection(figuresOf: Classification): string {
  const { auc, operatingPoint, youden, calibration } = figuresOf;
  const rates = rateNames.map(([name, title]) => [
    title,
    number(operatingPoint.rates[name]),
    range(operatingPoint.wilson[name]),
    range(operatingPoint.bootstrap[name]),
    number(youden.rates[name]),
  ]);
  return `
<h3>Is it there? ${figuresOf.positives} cases with, ${figuresOf.negatives} without</h3>
${table(
  ['Figure', 'Value', '95 % interval', '95 % bootstrap'],
  [
    ['AUC', number(auc.value), `${range(auc.delong)} (DeLong)`, range(auc.bootstrap)],
    ['Average precision', number(figuresOf.averagePrecision), '', ''],
    ['Sensitivity at 90 % specificity', number(figuresOf.sensitivityAtSpecificity90), '', ''],
    ['Brier score', number(calibration.brier), '', range(calibration.brierInterval)],
    [
      `Calibration error (ECE, ${calibration.bins.length} bins)`,
      number(calibration.expectedCalibrationError),
      '',
      '',
    ],
    [
      'Calibration intercept, slope',
      `${number(calibration.intercept, 2)}, ${number(calibration.slope, 2)}`,
      'perfect: 0, 1',
      '',
    ],
  ],
)}
${table(['At a threshold', 'The node', 'Wilson 95 %', 'Bootstrap 95 %', `Youden, p ≥ ${number(youden.threshold, 2)}`], rates)}
<p class="note">The Youden threshold is chosen on these very cases; on others it will do worse.</p>
${figures(
  figure(rocFigure(figuresOf), 'ROC curve. Filled: as the node decides; ring: Youden; dashed: chance.'),
  figure(probabilityFigure(figuresOf), 'Probabilities of cases with (above) and without (below).'),
  figure(
    calibrationFigure(figuresOf),
    'Calibration: bins of equal mass, larger dots more cases; bars: 95 % of the share.',
  ),
  figure(
    decisionFigure(figuresOf),
    'Decision curve. Solid: acting on the node; dashed: acting on everybody; 0: on nobody.',
  ),
  figure(
    confusionFigure(operatingPoint.confusion, 'As the node decides'),
    'Rows: truth; columns: what the node reports.',
  ),
  figure(
    confusionFigure(youden.confusion, 'At the Youden threshold'),
    'Rows: truth; columns: probability at or above it.',
  ),
)}`;
}

/** Where is it: every aneurysm by itself. */
export function detectionSection(found: DetectionFigures): string {
  const { operatingPoint: at, localisation, adam } = found;
  const rates = found.sensitivityAtRates.map(({ sensitivity }) => number(sensitivity, 2));
  return `
<h3>Where is it? ${found.lesions} aneurysms in ${found.scans} scans${found.treatedLesions > 0 ? `, and ${found.treatedLesions} treated ones, left out` : ''}</h3>
${table(
  ['Figure', 'Value', '95 % interval', '95 % bootstrap'],
  [
    [
      'Sensitivity, of aneurysms',
      `${number(at.sensitivity)} (${at.detected} of ${found.lesions})`,
      range(at.sensitivityInterval),
      range(at.sensitivityBootstrap),
    ],
    [
      'Scans with aneurysms, reported for a true one',
      `${number(found.rightlyPlacedScans / found.positiveScans)} (${found.rightlyPlacedScans} of ${found.positiveScans})`,
      range(wilson(found.rightlyPlacedScans, found.positiveScans)),
      '',
    ],
    [
      'False positives a scan',
      `${number(at.falsePositivesPerScan, 2)} (${at.falsePositives})`,
      '',
      range(at.falsePositivesPerScanBootstrap, 2),
    ],
    ['Mean sensitivity at 1/8 to 8 false positives (CPM)', number(found.cpm), '', range(found.cpmBootstrap)],
    ['ADAM: mean sensitivity of scans with aneurysms', number(adam.sensitivity), '', ''],
    ['ADAM: false positives a scan', number(adam.falsePositivesPerScan, 2), '', ''],
    [
      'Distance from the true centre: mean, median, 95th percentile',
      `${number(localisation.meanErrorMm, 2)}, ${number(localisation.medianErrorMm, 2)}, ${number(localisation.p95ErrorMm, 2)} mm`,
      `${localisation.marks} findings`,
      '',
    ],
    [
      'Diameter, found minus true: mean ± SD',
      `${number(localisation.diameterBiasMm, 2)} ± ${number(localisation.diameterSdMm, 2)} mm`,
      '',
      '',
    ],
  ],
)}
${table(['False positives a scan, at most', '1/8', '1/4', '1/2', '1', '2', '4', '8'], [['Sensitivity', ...rates]])}
<p class="note">A finding hits an aneurysm within its radius, at least 3 mm, of its centre (5 mm where no size is told); ADAM counts within the radius alone.</p>
${figures(
  figure(frocFigure(found), 'Free response over all marks. Dot: as the node decides.'),
  found.bySize.length === 0
    ? ''
    : figure(groupFigure(found.bySize), 'Sensitivity by true diameter, with 95 % intervals.'),
  found.bySite.length === 0
    ? ''
    : figure(groupFigure(found.bySite), 'Sensitivity by site, with 95 % intervals.'),
  localisation.marks === 0
    ? ''
    : figure(distanceFigure(localisation.errorsMm), 'Distance of findings from the true centres.'),
)}`;
}

/** How well do the voxels fit: masks and maps. */
export function voxelSection({ segmentation, activation, cases }: PipelineEvaluation): string {
  if (segmentation === null && activation === null) return '';
  const overlaps = cases.flatMap(({ answer }) =>
    answer.kind === 'analysed' && answer.overlap !== null ? [answer.overlap] : [],
  );
  const strip = (['dice', 'iou', 'volumeSimilarity'] as const).map((name, index) => ({
    name: ['Dice', 'IoU', 'Volume similarity'][index]!,
    values: overlaps.map((one) => one[name]).filter((value) => !Number.isNaN(value)),
  }));
  return `
<h3>Do the voxels fit?</h3>
${segmentation === null ? '' : segmentationTable(segmentation)}
${activation === null ? '' : activationTable(activation)}
${figures(
  strip.every(({ values }) => values.length > 0)
    ? figure(stripFigure(strip), 'Overlap of found and true masks, case by case.')
    : '',
)}`;
}

function segmentationTable(segmentation: NonNullable<PipelineEvaluation['segmentation']>): string {
  const names = [
    ['dice', 'Dice (DSC)', ''],
    ['iou', 'IoU', ''],
    ['volumeSimilarity', 'Volume similarity', ''],
    ['hausdorffMm', 'Hausdorff distance', ' mm'],
    ['hausdorff95Mm', '95 % Hausdorff distance', ' mm'],
  ] as const;
  const rows = names.map(([name, title, unit]) => {
    const spread = segmentation[name];
    const digits = unit === '' ? 3 : 2;
    return [
      title,
      `${number(spread.mean, digits)}${unit}`,
      `${number(spread.median, digits)}${unit}`,
      range(spread.bootstrap, digits),
      `${spread.cases}${spread.withoutValue > 0 ? `, ${spread.withoutValue} without value` : ''}`,
    ];
  });
  return `${table(['Found mask against true mask', 'Mean', 'Median', 'Bootstrap 95 %', 'Cases'], rows)}
<p class="note">Nothing there and nothing found has no value; nothing found where something is has Dice 0 and no distance.</p>`;
}

function activationTable({
  cases,
  peakInside,
  peakInsideInterval,
  iou,
}: NonNullable<PipelineEvaluation['activation']>): string {
  return table(
    ['Map that explains the result', 'Value', '95 % interval', 'Cases'],
    [
      [
        'Greatest value inside an aneurysm',
        number(peakInside / cases),
        range(peakInsideInterval),
        `${peakInside} of ${cases} found`,
      ],
      ['IoU of its upper half (CAM IoU)', number(iou?.mean), range(iou?.bootstrap), String(iou?.cases ?? 0)],
    ],
  );
}

/** Figures of the RSNA challenges, where they can be told. */
export function challengeSection({ rsna2025, rsna2019, kind }: PipelineEvaluation): string {
  if (kind === 'aneurysm') {
    if (rsna2025 === null)
      return '<p class="note">RSNA 2025: not computed, since no finding names its artery.</p>';
    const rows = rsna2025.locations.map(({ name, cases, auc }) => [name, String(cases), number(auc)]);
    return `<h3>RSNA 2025: ${number(rsna2025.score)}</h3>
<p class="note">Half the AUC of presence (${number(rsna2025.presentAuc)}), half the mean AUC of 13 places; without a value where a place occurs in no case.</p>
${table(['Place', 'Cases', 'AUC'], rows)}`;
  }
  if (rsna2019 === null) return '';
  const rows = [
    ['Scans', rsna2019.scans],
    ['Slices, as the challenge counts', rsna2019.slices],
  ] as const;
  return `<h3>RSNA 2019: weighted log loss</h3>
${table(
  ['Over', 'Log loss', 'Count'],
  rows.map(([name, one]) => [name, number(one?.logLoss, 4), String(one?.count ?? 0)]),
)}`;
}

/** Each subtype of haemorrhage on one line; its AUC drawn. */
export function subtypeSection({ subtypes }: PipelineEvaluation): string {
  const entries = Object.entries(subtypes);
  if (entries.length === 0) return '';
  const rows = entries.map(([name, one]) => {
    const { rates } = one.operatingPoint;
    return [
      name,
      `${one.positives} of ${one.positives + one.negatives}`,
      number(one.auc.value),
      number(one.averagePrecision),
      ...[rates.sensitivity, rates.specificity, rates.f1, one.sensitivityAtSpecificity90].map((value) =>
        number(value),
      ),
    ];
  });
  const drawn = entries
    .filter(([, one]) => Number.isFinite(one.auc.value))
    .map(([name, one]) => ({ name, value: one.auc.value, ...one.auc.delong, note: number(one.auc.value) }));
  return `<h3>Subtypes</h3>
${table(['Subtype', 'Cases', 'AUC', 'Average precision', 'Sensitivity', 'Specificity', 'F1', 'Sensitivity at 90 % specificity'], rows)}
${figures(drawn.length === 0 ? '' : figure(intervalFigure(drawn, 'AUC'), 'AUC of each subtype with DeLong intervals.'))}`;
}
