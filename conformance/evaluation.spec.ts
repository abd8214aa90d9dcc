import { expect } from 'chai';
import { brier, calibrationLine, expectedCalibrationError } from '../src/evaluation/calibration.ts';
import { confusionAt, ratesOf } from '../src/evaluation/confusion.ts';
import { intraclassCorrelation } from '../src/evaluation/agreement.ts';
import { seededRandom, wilson } from '../src/evaluation/intervals.ts';
import { twoSidedP } from '../src/evaluation/normal.ts';
import {
  auc,
  averagePrecision,
  delongInterval,
  delongTest,
  rocCurve,
  youdenThreshold,
} from '../src/evaluation/roc.ts';
import { haemorrhageLogLoss } from '../src/evaluation/rsna.ts';
import { overlapFigures } from '../src/evaluation/segmentation.ts';
import type { Size } from '../src/volume/index.ts';
import { needs, pythonInput } from './support/tools.ts';

describe('evaluation figures against sklearn, scipy and numpy', function () {
  this.timeout(120_000);
  before(function () {
    needs(this, 'python');
  });

  for (const seed of [1, 2, 3, 4]) {
    it(`agree on random cases with ties, draw ${seed}`, () => {
      const given = draw(seed);
      const { truth, first, second, threshold } = given;
      const judged = JSON.parse(
        pythonInput('metrics.py', JSON.stringify({ ...given, truth: truth.map(Number) })),
      ) as Readonly<Record<string, number>> & {
        readonly roc: readonly (readonly number[])[];
        readonly wilson: readonly number[];
        readonly tails: readonly number[];
      };
      const interval = wilson(given.hits, given.count);
      const line = calibrationLine(truth, first);
      const pair = {
        truth: Uint8Array.from(given.truthMask),
        found: Uint8Array.from(given.foundMask),
        size: given.size,
        spacingMm: given.spacing,
      };
      const overlap = overlapFigures(pair);
      const logLoss = haemorrhageLogLoss(
        truth.map((one) => [one, one, one, one, one, one]),
        first.map((p) => [p, p, p, p, p, p]),
      );
      const ours: Readonly<Record<string, number>> = {
        ...ratesOf(confusionAt(truth, first, threshold)),
        auc: auc(truth, first),
        averagePrecision: averagePrecision(truth, first),
        brier: brier(truth, first),
        youdenThreshold: youdenThreshold(truth, first),
        delongError: delongInterval(truth, first).standardError,
        delongP: delongTest(truth, first, second).p,
        ece: expectedCalibrationError(truth, first),
        icc: intraclassCorrelation(given.ratings),
        dice: overlap.dice,
        iou: overlap.iou,
        hausdorff: overlap.hausdorffMm,
        hausdorff95: overlap.hausdorff95Mm,
        logLoss,
      };
      for (const [name, value] of Object.entries(ours))
        expect(value, name).to.be.closeTo(judged[name]!, name.startsWith('hausdorff') ? 1e-5 : 1e-9);
      // the ridge that keeps a separable set finite, and the judge's own tolerance
      expect(line.slope).to.be.closeTo(judged['slope']!, 1e-4);
      expect(line.intercept).to.be.closeTo(judged['intercept']!, 1e-4);
      expect(interval.low).to.be.closeTo(judged.wilson[0]!, 1e-9);
      expect(interval.high).to.be.closeTo(judged.wilson[1]!, 1e-9);
      for (const [index, z] of given.tails.entries())
        expect(twoSidedP(z) / judged.tails[index]! - 1, `p of ${z}`).to.be.closeTo(0, 1e-9);
      const points = rocCurve(truth, first).map((point) => [point.falsePositiveRate, point.sensitivity]);
      expect(points.length).to.equal(judged.roc.length);
      points.forEach((point, index) => {
        expect(point[0]).to.be.closeTo(judged.roc[index]![0]!, 1e-9);
        expect(point[1]).to.be.closeTo(judged.roc[index]![1]!, 1e-9);
      });
    });
  }
});

function draw(seed: number) {
  const random = seededRandom(seed);
  const n = 60 + Math.floor(random() * 100);
  const truth = Array.from({ length: n }, () => random() < 0.4);
  // two decimals, so that ties occur
  const score = (lift: number): number[] =>
    truth.map((one) => Math.round(100 * (0.02 + 0.6 * random() + (one ? lift : 0))) / 100);
  const size: Size = [14, 11, 9];
  const ball = (x: number, y: number, z: number, radius: number): number[] =>
    Array.from({ length: 14 * 11 * 9 }, (_, index) => {
      const [i, j, k] = [index % 14, Math.floor(index / 14) % 11, Math.floor(index / 154)];
      return Number(Math.hypot(i - x, j - y, k - z) <= radius + random());
    });
  return {
    ...{ truth, first: score(0.3), second: score(0.1), threshold: 0.5 },
    ...{ hits: Math.floor(random() * 30), count: 30, tails: [0.001, 0.5, 1.96, 2.8, 2.9, 5, 8] },
    ratings: Array.from({ length: 20 }, () => Array.from({ length: 3 }, () => 1 + Math.floor(5 * random()))),
    ...{ size, spacing: [0.4, 0.5, 1.1] as const },
    ...{ truthMask: ball(5, 5, 4, 3), foundMask: ball(6, 5, 5, 2.5) },
  };
}
