import { expect } from 'chai';
import { adamRanking, adamScan, adamScore } from '../../src/evaluation/adam.ts';
import { intraclassCorrelation, summariseRatings } from '../../src/evaluation/agreement.ts';
import {
  calibrationLine,
  decisionCurve,
  expectedCalibrationError,
} from '../../src/evaluation/calibration.ts';
import { confusionAt, fScore, ratesOf, type Confusion } from '../../src/evaluation/confusion.ts';
import {
  competitionMetric,
  frocCurve,
  matchMarks,
  scanEvents,
  sensitivityAt,
  type Lesion,
} from '../../src/evaluation/detection.ts';
import { bootstrap, seededRandom, wilson } from '../../src/evaluation/intervals.ts';
import { integratedDiscrimination, netReclassification } from '../../src/evaluation/reclassification.ts';
import { auc, delongTest, youdenThreshold } from '../../src/evaluation/roc.ts';
import { aneurysmScore, haemorrhageLogLoss } from '../../src/evaluation/rsna.ts';
import { activationIou, overlapFigures } from '../../src/evaluation/segmentation.ts';

const counts = (tp: number, tn: number, fp: number, fn: number): Confusion => ({ tp, tn, fp, fn });

describe('the published tables', () => {
  it('ADAM ranking gives all four printed rank rows of system 003', () => {
    const [up, down] = [true, false];
    const tables = [
      [
        [[98.51, 100, 100, 100, 100], up],
        [[0.82, 1.3, 1.27, 0.99, 1.59], down],
        [[57.35, 46.22, 46.76, 53.02, 41.22], up],
      ],
      [
        [[0.77, 0.76, 0.82, 0.71, 0.8, 0.76, 0.75], up],
        [[36.41, 36.25, 36.17, 35.33, 34.05, 30.66, 27.06], down],
        [[0.45, 0.43, 0.41, 0.38, 0.48, 0.62, 0.64], up],
      ],
      [
        [[0.73, 0.76, 0.79, 0.81], up],
        [[36.27, 32.76, 35.99, 17.93], down],
        [[0.42, 0.67, 0.44, 0.84], up],
      ],
      [
        [[0.81, 0.79, 0.81, 0.82, 0.8], up],
        [[17.93, 25.42, 22.61, 19.64, 21.44], down],
        [[0.84, 0.78, 0.8, 0.85, 0.82], up],
      ],
    ] as const;
    const printed = [
      [0.3333, 0.4378, 0.4137, 0.1631, 0.6667],
      [0.7284, 0.7787, 0.6196, 0.9615, 0.5149, 0.3358, 0.2121],
      [1, 0.6128, 0.729, 0],
      [0.1587, 1, 0.5574, 0.0761, 0.5213],
    ];
    tables.forEach((table, index) => {
      const ranks = adamRanking(table.map(([values, higherIsBetter]) => ({ values, higherIsBetter })));
      ranks.forEach((rank, team) => expect(rank).to.be.closeTo(printed[index]![team]!, 1.001e-4));
    });
  });

  it('the counts of system 000 give the test rows its table prints', () => {
    const rows = [
      [counts(8, 13, 0, 4), [0.84, 0.667, 1, 1, 0.765]],
      [counts(10, 10, 3, 2), [0.8, 0.833, 0.769, 0.769, 0.833]],
      [counts(11, 7, 6, 1), [0.72, 0.917, 0.538, 0.647, 0.875]],
    ] as const;
    for (const [count, printed] of rows) {
      const { accuracy, sensitivity, specificity, ppv, npv } = ratesOf(count);
      [accuracy, sensitivity, specificity, ppv, npv].forEach((rate, index) =>
        expect(rate).to.be.closeTo(printed[index]!, 6e-4),
      );
    }
    // the paper prints NRI .128 for its transfer-learned model against the readers; its counts give another
    expect(netReclassification(rows[2][0], rows[0][0])).to.be.closeTo(0.2115, 1e-4);
    expect(netReclassification(rows[1][0], rows[0][0])).to.be.closeTo(0.0641, 1e-4);
    expect(netReclassification(rows[2][0], rows[1][0])).to.be.closeTo(0.147, 5e-4);
  });

  it('the counts of system 001 give its accuracy, sensitivity and specificity, and a lower F2 than it prints', () => {
    const rows = [
      [counts(466, 244, 186, 34), [0.76, 0.93, 0.57]],
      [counts(71, 188, 27, 29), [0.82, 0.71, 0.87]],
      [counts(300, 31, 184, 0), [0.64, 1, 0.14]],
      [counts(239, 799, 61, 61), [0.89, 0.79, 0.93]],
      [counts(282, 770, 90, 18), [0.91, 0.94, 0.89]],
      [counts(265, 734, 126, 35), [0.86, 0.88, 0.85]],
      [counts(276, 655, 205, 24), [0.8, 0.92, 0.76]],
    ] as const;
    for (const [count, printed] of rows) {
      const { accuracy, sensitivity, specificity } = ratesOf(count);
      [accuracy, sensitivity, specificity].forEach((rate, index) =>
        expect(rate).to.be.closeTo(printed[index]!, 0.0105),
      );
    }
    const f2 = [rows[4], rows[2], rows[6], [counts(244, 826, 34, 56)] as const].map(([count]) =>
      fScore(count, 2).toFixed(3),
    );
    expect(f2).to.deep.equal(['0.897', '0.891', '0.821', '0.825']);
  });

  it('ICC(2,1) of the six targets and four judges of Shrout and Fleiss is .29', () => {
    const ratings = [
      [9, 2, 5, 8],
      [6, 1, 3, 2],
      [8, 4, 6, 8],
      [7, 1, 2, 6],
      [10, 5, 6, 9],
      [6, 2, 4, 7],
    ];
    expect(intraclassCorrelation(ratings)).to.be.closeTo(0.29, 0.005);
    expect(intraclassCorrelation(ratings.slice(0, 1))).to.be.NaN;
  });
});

describe('figures of a decision', () => {
  const truth = [false, false, true, true];

  it('AUC counts ties half, and is no number where a class is missing', () => {
    expect(auc(truth, [0.1, 0.4, 0.35, 0.8])).to.equal(0.75);
    expect(auc(truth, [1, 1, 1, 1])).to.equal(0.5);
    expect(auc([true, true], [0.1, 0.2])).to.be.NaN;
    expect(delongTest(truth, [0.1, 0.4, 0.35, 0.8], [0.1, 0.4, 0.35, 0.8])).to.deep.equal({
      difference: 0,
      p: 1,
    });
  });

  it('reclassification, discrimination and benefit of a textbook case', () => {
    const positive = [true, true, false, false];
    const [before, after] = [
      [0.4, 0.6, 0.6, 0.2],
      [0.7, 0.6, 0.4, 0.2],
    ] as const;
    const at = (scores: readonly number[]): Confusion => confusionAt(positive, scores, 0.5);
    expect(netReclassification(at(before), at(after))).to.equal(1);
    expect(integratedDiscrimination(positive, before, after)).to.be.closeTo(0.25, 1e-12);
    expect(decisionCurve(positive, after, [0.5])[0]).to.deep.equal({
      threshold: 0.5,
      model: 0.5,
      treatAll: 0,
    });
    expect(youdenThreshold(positive, after)).to.equal(0.6);
  });

  it('calibration tells true probabilities from doubled logits', () => {
    const random = seededRandom(1);
    const logits = Array.from({ length: 20_000 }, () => 4 * (random() + random() + random() - 1.5));
    const sigmoid = (logit: number): number => 1 / (1 + Math.exp(-logit));
    const labels = logits.map((logit) => random() < sigmoid(logit));
    const right = logits.map(sigmoid);
    const line = calibrationLine(labels, right);
    expect(line.intercept).to.be.closeTo(0, 0.06);
    expect(line.slope).to.be.closeTo(1, 0.06);
    const doubled = calibrationLine(
      labels,
      logits.map((logit) => sigmoid(2 * logit)),
    );
    expect(doubled.slope).to.be.closeTo(0.5, 0.03);
    expect(expectedCalibrationError(labels, right)).to.be.below(0.015);
    expect(expectedCalibrationError(labels, right.map(Math.sqrt))).to.be.above(0.05);
    expect(calibrationLine([true, false], [0.9, 0.1]).slope).to.satisfy(Number.isFinite);
  });

  it('the bootstrap draws patients, not rows, and the same seed the same interval', () => {
    const values = Array.from({ length: 100 }, (_, row) => (row < 50 ? 0 : 1));
    const mean = (rows: readonly number[]): number =>
      rows.reduce((sum, row) => sum + values[row]!, 0) / rows.length;
    const each = values.map((_, row) => String(row));
    const two = values.map((value) => String(value));
    const narrow = bootstrap(each, mean, seededRandom(0), 500);
    expect(narrow.high - narrow.low).to.be.within(0.1, 0.3);
    expect(bootstrap(two, mean, seededRandom(0), 500)).to.deep.equal({ low: 0, high: 1 });
    expect(bootstrap(each, mean, seededRandom(0), 500)).to.deep.equal(narrow);
    expect(wilson(0, 0)).to.deep.equal({ low: 0, high: 1 });
  });
});

describe('figures of detection', () => {
  const lesion = (x: number, diameterMm: number | null, treated = false): Lesion => ({
    centreLpsMm: [x, 0, 0],
    diameterMm,
    treated,
  });
  const mark = (
    x: number,
    probability: number,
  ): { centreLpsMm: [number, number, number]; probability: number } => ({
    centreLpsMm: [x, 0, 0],
    probability,
  });

  it('a mark hits the nearest lesion within its radius, at least 3 mm; a point within 5 mm; a treated one never', () => {
    const lesions = [lesion(0, 2), lesion(20, 12), lesion(40, null), lesion(60, 6, true)];
    const kinds = matchMarks(lesions, [
      mark(2.9, 1),
      mark(3.1, 1),
      mark(14.1, 1),
      mark(44.9, 1),
      mark(61, 1),
    ]);
    expect(kinds).to.deep.equal([
      { kind: 'lesion', lesion: 0 },
      { kind: 'none' },
      { kind: 'lesion', lesion: 1 },
      { kind: 'lesion', lesion: 2 },
      { kind: 'treated' },
    ]);
  });

  it('the free-response curve counts a lesion once and treated ones never', () => {
    const scans = [
      { lesions: [lesion(0, 6), lesion(50, 6, true)], marks: [mark(0, 0.9), mark(1, 0.8), mark(50, 0.75)] },
      { lesions: [lesion(0, 6)], marks: [mark(30, 0.7), mark(0, 0.6)] },
    ];
    const events = scans.map(({ lesions, marks }) => scanEvents(lesions, marks));
    const curve = frocCurve(events);
    expect(sensitivityAt(curve, 0)).to.equal(0.5);
    expect(sensitivityAt(curve, 0.5)).to.equal(1);
    expect(competitionMetric(events)).to.be.closeTo((0.5 * 2 + 5) / 7, 1e-12);
    expect(frocCurve([scanEvents([], [mark(0, 1)])])).to.deep.equal([]);
    expect(competitionMetric([scanEvents([], [mark(0, 1)])])).to.be.NaN;
    expect(competitionMetric([scanEvents([lesion(0, 6)], [])])).to.equal(0);
  });

  it('ADAM: sensitivity a scan, none without aneurysms, treated ones left out of both', () => {
    const lesions = [lesion(0, 4), lesion(20, 6), lesion(40, 6, true)];
    const scan = adamScan(lesions, [
      [1, 0, 0],
      [0, 1, 0],
      [30, 0, 0],
      [41, 0, 0],
    ]);
    expect(scan).to.deep.equal({ sensitivity: 0.5, falsePositives: 1 });
    const empty = adamScan([], [[0, 0, 0]]);
    expect(empty.sensitivity).to.be.NaN;
    expect(adamScore([scan, empty])).to.deep.equal({ sensitivity: 0.5, falsePositivesPerScan: 1 });
  });

  it('the challenge metrics', () => {
    const half = [0.5, 0.5, 0.5, 0.5, 0.5, 0.5];
    expect(haemorrhageLogLoss([[true, false, false, false, false, true]], [half])).to.be.closeTo(
      Math.LN2,
      1e-12,
    );
    // `any` weighs twice: a wrong `any` costs 2/7 of its log loss
    const wrongAny = haemorrhageLogLoss([[true, false, false, false, false, false]], [[0.5, 0, 0, 0, 0, 0]]);
    expect(wrongAny).to.be.closeTo((2 * Math.LN2) / 7, 1e-12);
    const present = { truth: [false, true], scores: [0.1, 0.9] };
    const blind = Array.from({ length: 13 }, () => ({ truth: [false, true], scores: [0.5, 0.5] }));
    expect(aneurysmScore(present, blind)).to.equal(0.75);
  });
});

describe('figures of masks', () => {
  const box = (x: number): Uint8Array =>
    Uint8Array.from({ length: 1000 }, (_, index) => {
      const [i, j, k] = [index % 10, Math.floor(index / 10) % 10, Math.floor(index / 100)];
      return Number(i >= x && i < x + 4 && j >= 2 && j < 6 && k >= 2 && k < 6);
    });
  const of = (truth: Uint8Array, found: Uint8Array): ReturnType<typeof overlapFigures> =>
    overlapFigures({ truth, found, size: [10, 10, 10], spacingMm: [0.5, 1, 1] });

  it('two boxes, half over each other', () => {
    expect(of(box(2), box(4))).to.deep.equal({
      dice: 0.5,
      iou: 1 / 3,
      volumeSimilarity: 1,
      hausdorffMm: 1,
      hausdorff95Mm: 1,
    });
  });

  it('nothing found is no overlap and no distance; nothing to find and nothing found is no figure', () => {
    const none = new Uint8Array(1000);
    expect(of(box(2), none).dice).to.equal(0);
    expect(of(box(2), none).hausdorffMm).to.be.NaN;
    expect(of(none, none).dice).to.be.NaN;
  });

  it('a map overlaps by its upper half, and an empty one not at all', () => {
    const map = Float32Array.from(box(2), (inside, index) => inside * (index % 10 < 4 ? 0.8 : 0.3));
    expect(activationIou(map, box(2))).to.equal(0.5);
    expect(activationIou(new Float32Array(1000), box(2))).to.be.NaN;
  });

  it('ratings', () => {
    const summary = summariseRatings([5, 4, 4, 3]);
    expect(summary.mean).to.equal(4);
    expect(summary.counts).to.deep.equal([0, 0, 1, 2, 1]);
    expect(summary.standardDeviation).to.be.closeTo(0.8165, 1e-4);
  });
});
