import { expect } from 'chai';
import {
  compareWithPrior,
  type AneurysmFinding,
  type PointLpsMm,
  type SeriesFindings,
} from '../../src/findings/index.ts';

const bundle = { id: 'b', version: '1.0.0', sha256: 'a'.repeat(64) };
const other = { id: 'c', version: '1.0.0', sha256: 'c'.repeat(64) };

function aneurysm(centreLpsMm: PointLpsMm, maxDiameterMm: number): AneurysmFinding {
  return {
    ...{ kind: 'aneurysm', probability: 0.9, centreLpsMm, maxDiameterMm, volumeMm3: maxDiameterMm ** 3 / 2 },
    site: { value: '88556005', scheme: 'SCT', meaning: 'Cerebral artery', laterality: null },
    keySopInstanceUid: '2.25.9',
    keyFrameNumber: null,
  };
}

function says(...[first, ...rest]: readonly AneurysmFinding[]): SeriesFindings {
  const timingsMs = { load: 1, preprocess: 1, inference: 1, results: 1 };
  const common = { seriesInstanceUid: '2.25.1', pipeline: 'tof-patch', bundle, timingsMs, probability: 0.9 };
  if (first === undefined) return { ...common, state: 'no-findings', findings: [] };
  return { ...common, state: 'findings', findings: [first, ...rest] };
}

/** The head was nodded by a quarter turn, then shifted: far more than any head, so that a mix-up of directions shows. */
const toCurrent = {
  rotation: [
    [1, 0, 0],
    [0, 0, -1],
    [0, 1, 0],
  ],
  translationMm: [5, 0, 0],
} as const;
const study = {
  studyInstanceUid: '2.25.5',
  seriesInstanceUid: '2.25.6',
  studyDate: '20250102',
  report: null,
};

function compared(current: SeriesFindings, then: SeriesFindings, half = 100): SeriesFindings {
  const shows = (point: PointLpsMm): boolean => point.every((mm) => Math.abs(mm) <= half);
  return compareWithPrior(current, {
    ...{ study, findings: then, toCurrent, leastChangeMm: 1.6, priorShows: shows, currentShows: shows },
    registration: { agreement: 0.9, overlap: 1, correlation: 0.95 },
  });
}

const standings = (findings: SeriesFindings): unknown =>
  (findings.findings as readonly AneurysmFinding[]).map(
    ({ growth, unmatched }) => unmatched ?? [growth!.change, growth!.priorMaxDiameterMm],
  );

describe('growth against a prior', () => {
  it('is told of the aneurysm at the same place of the moved head, against the error of the measurement', () => {
    const then = says(aneurysm([10, 20, 30], 4), aneurysm([-20, 0, 0], 5), aneurysm([0, 40, 0], 8));
    const now = says(aneurysm([15, -30, 20], 6), aneurysm([-15, 0, 0], 6.5), aneurysm([5, 0, 40], 6));
    expect(standings(compared(now, then))).to.deep.equal([
      ['grown', 4],
      ['unchanged', 5],
      ['shrunk', 8],
    ]);
  });

  it('pairs are one to one, the nearest first', () => {
    const then = says(aneurysm([0, 0, 0], 4));
    const now = says(aneurysm([8, 0, 0], 6), aneurysm([5.5, 0, 0], 4));
    expect(standings(compared(now, then))).to.deep.equal(['not-marked-before', ['unchanged', 4]]);
  });

  it('new ones, and those beyond the former images, are told apart', () => {
    const now = says(aneurysm([15, -30, 20], 6), aneurysm([80, 0, 0], 6));
    expect(standings(compared(now, says(), 50))).to.deep.equal(['not-marked-before', 'outside-prior']);
  });

  it('what was marked then and is not now is kept, also where nothing is found now', () => {
    const then = says(aneurysm([10, 20, 30], 4), aneurysm([40, 0, 49], 5));
    const { comparison } = compared(says(), then, 45);
    if (comparison?.state !== 'compared') throw new Error('not compared');
    expect(
      comparison.vanished.map(({ why, centreLpsMm, maxDiameterMm }) => [why, centreLpsMm, maxDiameterMm]),
    ).to.deep.equal([
      ['not-marked-now', [15, -30, 20], 4],
      ['outside-current', [45, -49, 0], 5],
    ]);
  });

  it('a size that another pipeline measured is not compared', () => {
    const opinions = [
      { pipeline: 'tof-patch', bundle, probability: null },
      { pipeline: 'tof-coarse-fine', bundle: other, probability: 0.7 },
    ];
    const then = says({ ...aneurysm([0, 0, 0], 4), opinions });
    expect(standings(compared(says(aneurysm([5, 0, 0], 8)), then))).to.deep.equal(['measured-differently']);
  });
});
