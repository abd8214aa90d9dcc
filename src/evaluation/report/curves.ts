import { wilson } from '../intervals.ts';
import type { Classification } from '../classification.ts';
import type { DetectionFigures } from '../detection-figures.ts';
import { draw, ink, Plot, unitScale } from './plot.ts';

/** ROC curve with chance, the node's own operating point (filled) and Youden's (open). Null where a class is missing. */
export function rocFigure({ roc, operatingPoint, youden }: Classification): string | null {
  if (roc.length === 0) return null;
  const place = ({ rates }: Classification['operatingPoint']): readonly [number, number] => [
    1 - rates.specificity,
    rates.sensitivity,
  ];
  return draw({
    width: 380,
    height: 380,
    x: unitScale('1 - specificity →'),
    y: unitScale('↑ Sensitivity'),
    marks: [
      Plot.line(
        [
          [0, 0],
          [1, 1],
        ],
        { stroke: ink.quiet, strokeDasharray: '4 4' },
      ),
      Plot.line(roc, { x: 'falsePositiveRate', y: 'sensitivity', stroke: ink.model, strokeWidth: 2 }),
      Plot.dot([place(youden)], { stroke: ink.other, strokeWidth: 2, r: 7 }),
      Plot.dot([place(operatingPoint)], { fill: ink.other, r: 4.5 }),
    ],
  });
}

/** How many cases got which probability, those with and those without what is sought apart. */
export function probabilityFigure({ probabilities }: Classification): string {
  const rows = [
    ...probabilities.positive.map((p) => ({ p, truth: 'present' })),
    ...probabilities.negative.map((p) => ({ p, truth: 'absent' })),
  ];
  const thresholds = Array.from({ length: 21 }, (_, index) => index / 20);
  return draw({
    height: 380,
    marginRight: 64,
    x: { domain: [0, 1], label: 'Probability given by the node →', ticks: 5 },
    y: { label: '↑ Cases', grid: true, ticks: 4 },
    fy: { domain: ['present', 'absent'], label: 'Truth' },
    marks: [
      Plot.frame({ stroke: '#d5d8dc' }),
      Plot.rectY(
        rows,
        Plot.binX({ y: 'count' }, {
          ...{ x: 'p', fy: 'truth', thresholds, insetLeft: 0.5, insetRight: 0.5 },
          fill: (row: { readonly truth: string }) => (row.truth === 'present' ? ink.other : ink.model),
        } as never),
      ),
    ],
  });
}

/** Observed frequency against given probability, bin by bin, with the 95 % interval of each. */
export function calibrationFigure({ calibration }: Classification): string {
  const bins = calibration.bins.map((bin) => ({ ...bin, ...wilson(bin.positives, bin.cases) }));
  return draw({
    width: 380,
    height: 380,
    x: unitScale('Mean probability of the bin →'),
    y: unitScale('↑ Share in which it was there'),
    r: { range: [3, 9] },
    marks: [
      Plot.line(
        [
          [0, 0],
          [1, 1],
        ],
        { stroke: ink.quiet, strokeDasharray: '4 4' },
      ),
      Plot.ruleX(bins, {
        x: 'meanProbability',
        y1: 'low',
        y2: 'high',
        stroke: ink.model,
        strokeOpacity: 0.5,
      }),
      Plot.dot(bins, { x: 'meanProbability', y: 'frequency', r: 'cases', fill: ink.model, fillOpacity: 0.8 }),
    ],
  });
}

/** Net benefit of following the node, of calling everybody and of calling nobody. */
export function decisionFigure({ decisionCurve, positives, negatives }: Classification): string | null {
  if (positives === 0 || negatives === 0) return null;
  const prevalence = positives / (positives + negatives);
  const floor = -0.15 * prevalence;
  const shown = decisionCurve.map((point) => ({ ...point, treatAll: Math.max(point.treatAll, floor) }));
  const last = shown.filter((point) => point.treatAll > floor);
  return draw({
    height: 380,
    marginRight: 24,
    clip: true,
    x: { domain: [0, 1], label: 'Threshold probability →', ticks: 5, grid: true },
    y: { domain: [floor, prevalence * 1.1], label: '↑ Net benefit', grid: true, ticks: 6 },
    marks: [
      Plot.ruleY([0], { stroke: ink.quiet }),
      Plot.line(last, { x: 'threshold', y: 'treatAll', stroke: ink.other, strokeDasharray: '6 3' }),
      Plot.line(shown, { x: 'threshold', y: 'model', stroke: ink.model, strokeWidth: 2 }),
    ],
  });
}

/** Counts of a decision, as a table drawn: truth down, decision across. */
export function confusionFigure(
  { tp, tn, fp, fn }: Classification['operatingPoint']['confusion'],
  title: string,
): string {
  const cells = [
    { truth: 'present', node: 'reported', count: tp, right: true },
    { truth: 'present', node: 'not reported', count: fn, right: false },
    { truth: 'absent', node: 'reported', count: fp, right: false },
    { truth: 'absent', node: 'not reported', count: tn, right: true },
  ];
  return draw({
    width: 300,
    height: 220,
    marginLeft: 76,
    marginTop: 48,
    marginBottom: 12,
    x: { domain: ['reported', 'not reported'], axis: 'top', label: null, tickSize: 0 },
    y: { domain: ['present', 'absent'], label: null, tickSize: 0 },
    marks: [
      Plot.cell(cells, {
        ...{ x: 'node', y: 'truth', inset: 2 },
        fill: (cell: { readonly right: boolean }) => (cell.right ? ink.fill : '#f6dcc9'),
      }),
      Plot.text(cells, { x: 'node', y: 'truth', text: 'count', fontSize: 22, fontWeight: 'bold' }),
      Plot.text([title], { frameAnchor: 'top', dy: -38, fontWeight: 'bold' } as never),
    ],
  });
}

/** Free-response curve, with the node's own operating point. Null without lesions. */
export function frocFigure({ froc, operatingPoint }: DetectionFigures): string | null {
  if (froc.length === 0) return null;
  const end = Math.max(1, ...froc.map((point) => point.falsePositivesPerScan));
  const steps = [
    { falsePositivesPerScan: 0, sensitivity: 0 },
    ...froc,
    { ...froc.at(-1)!, falsePositivesPerScan: end },
  ];
  return draw({
    height: 380,
    marginRight: 24,
    x: { domain: [0, end], label: 'False positives a scan →', grid: true, ticks: 6 },
    y: unitScale('↑ Sensitivity, of aneurysms'),
    marks: [
      Plot.line(steps, {
        ...{ x: 'falsePositivesPerScan', y: 'sensitivity', curve: 'step-after' as const },
        ...{ stroke: ink.model, strokeWidth: 2 },
      }),
      Plot.dot([operatingPoint], {
        ...{ x: 'falsePositivesPerScan', y: 'sensitivity', fill: ink.other, r: 4.5 },
      }),
    ],
  });
}
