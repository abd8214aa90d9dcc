import { expect } from 'chai';
import {
  compare,
  evaluatePipeline,
  parseEarlier,
  rankings,
  reportPage,
  type Report,
} from '../../src/evaluation/index.ts';
import { drawnAneurysmCases, drawnEvaluation } from '../support/evaluated-cases.ts';

const reportOf = (...pipelines: Report['pipelines']): Report => ({
  schemaVersion: 1,
  name: 'Drawn <cases>',
  softwareVersion: '0.1.0',
  createdAt: '2026-11-21T10:00:00.000Z',
  pipelines,
  leftOut: ['case-1, CT scout: taken by no rule'],
});

describe('the evaluation of a pipeline', () => {
  const evaluation = drawnEvaluation('aneurysm', 40, 5);

  it('counts what was not analysed, and never as negative', () => {
    const { counts, classification } = evaluation;
    expect(counts.cases).to.equal(40);
    expect(counts.notAnalysed).to.deep.equal([{ code: 'SLICE_GAP', cases: 4, positives: 0 }]);
    expect(classification!.positives + classification!.negatives).to.equal(36);
    const drawn = drawnAneurysmCases(40, 5);
    const found = drawn.findIndex(
      ({ truth, answer }) => truth.aneurysms!.length > 0 && answer.kind === 'analysed' && answer.called,
    );
    const cases = drawn.map((one, index) =>
      index === found
        ? {
            ...one,
            answer: { kind: 'not-analysed' as const, reason: { code: 'IMAGE_EMPTY', text: 'Blank.' } },
          }
        : one,
    );
    const { counts: fewer, detection } = evaluatePipeline({ ...evaluation, cases, ratings: [] });
    expect(fewer.sensitivityOfAll.of).to.equal(20);
    expect(fewer.sensitivityOfAll.found).to.equal(counts.sensitivityOfAll.found - 1);
    expect(detection!.lesions).to.equal(evaluation.detection!.lesions - 1);
    expect(reportPage(reportOf({ ...evaluation, comparisons: [], rankings: [] }))).to.include(
      '4 of 40 cases were not analysed.',
    );
  });

  it('tells the same digits of the same cases, and intervals that hold their values', () => {
    expect(drawnEvaluation('aneurysm', 40, 5)).to.deep.equal(evaluation);
    const { auc, operatingPoint } = evaluation.classification!;
    for (const interval of [auc.delong, auc.bootstrap]) {
      expect(interval.low).to.be.at.most(auc.value);
      expect(interval.high).to.be.at.least(auc.value);
      expect(interval.high - interval.low).to.be.within(0.01, 0.5);
    }
    const { sensitivity } = operatingPoint.bootstrap;
    expect(operatingPoint.rates.sensitivity).to.be.within(sensitivity.low, sensitivity.high);
  });

  it('tells the scan scores of the paper beside the probability, of pipelines that have them', () => {
    const { classification, scanScores } = evaluation;
    const area = classification!.auc.value;
    expect(scanScores.map(({ score }) => score)).to.deep.equal(['max', 'mean', 'p95']);
    // drawn as the probability, a tenth of it, and what is left of 1
    [area, area, 1 - area].forEach((value, index) =>
      expect(scanScores[index]!.auc.value).to.be.closeTo(value, 1e-12),
    );
    expect(reportPage(reportOf({ ...evaluation, comparisons: [], rankings: [] }))).to.include(
      '95th percentile',
    );
    expect(drawnEvaluation('haemorrhage', 20, 5).scanScores).to.deep.equal([]);
  });

  it('finds aneurysms one by one: sizes and sites add up to all of them', () => {
    const { detection } = evaluation;
    const sum = (groups: readonly { readonly lesions: number }[]): number =>
      groups.reduce((total, group) => total + group.lesions, 0);
    expect(detection!.lesions).to.equal(20);
    expect(sum(detection!.bySize)).to.equal(20);
    expect(sum(detection!.bySite)).to.equal(20);
    expect(detection!.bySite.map(({ name }) => name)).to.include.members([
      'Anterior Communicating Artery',
      'Basilar Tip',
    ]);
    expect(detection!.localisation.meanErrorMm).to.be.within(0, 2);
    expect(detection!.operatingPoint.detected).to.equal(
      detection!.bySize.reduce((total, group) => total + group.detected, 0),
    );
  });

  it('rates subtypes, slices and scans of haemorrhage', () => {
    const blood = drawnEvaluation('haemorrhage', 60, 3);
    expect(Object.keys(blood.subtypes)).to.have.length(5);
    expect(blood.rsna2019!.slices!.count).to.equal(60);
    expect(blood.rsna2019!.slices!.logLoss).to.equal(blood.rsna2019!.scans!.logLoss);
    expect(blood.detection).to.equal(null);
  });

  it('is compared with an earlier one case by case, and ranked', () => {
    const then = drawnEvaluation('aneurysm', 40, 6);
    const text = JSON.stringify(reportOf({ ...then, comparisons: [], rankings: [] }));
    const earlier = parseEarlier(text, 'then.json');
    const same = compare(then, earlier)!;
    expect(same).to.deep.include({
      cases: 36,
      changedDecisions: 0,
      aucDifference: 0,
      delongP: 1,
      nri: 0,
      idi: 0,
    });
    const found = compare(evaluation, earlier)!;
    expect(found.changedDecisions).to.be.above(0);
    expect(found.delongP).to.be.within(0, 1);
    const [ranking] = rankings(evaluation, [earlier]);
    expect(ranking!.task).to.equal('detection');
    expect(ranking!.systems.map(({ name }) => name)).to.deep.equal(['this evaluation', 'Drawn <cases>']);
    const other = then.cases.map((one) => ({ ...one, inputSha256: 'other images' }));
    expect(compare({ ...then, cases: other }, earlier)).to.equal(null);
    expect(() => parseEarlier('{}', 'x.json')).to.throw(/x\.json cannot be compared with/);
  });

  it('reports all of it on one page, escaped, without a script or anything fetched', () => {
    const blood = drawnEvaluation('haemorrhage', 60, 3);
    const page = reportPage(
      reportOf({ ...evaluation, comparisons: [], rankings: [] }, { ...blood, comparisons: [], rankings: [] }),
    );
    expect(page).to.include('Drawn &#60;cases&#62;').and.not.include('<b>not</b>');
    expect(page).to.not.match(/<script|<link|src=|url\(http/);
    expect(page.match(/<svg /g)!.length).to.be.at.least(15);
    expect(page).to.not.match(/NaN|undefined|\[object/);
    expect(page).to.include('RSNA 2019').and.include('taken by no rule');
  });

  it('of cases none of which was analysed is a page that says so', () => {
    const reason = { code: 'SLICE_GAP', text: 'A slice is missing.' };
    const cases = drawnAneurysmCases(4, 1).map((one) => ({
      ...one,
      answer: { kind: 'not-analysed' as const, reason },
    }));
    const none = evaluatePipeline({ ...evaluation, cases, ratings: [] });
    expect(none.classification).to.equal(null);
    const page = reportPage(reportOf({ ...none, comparisons: [], rankings: [] }));
    expect(page)
      .to.include('4 of 4 cases were not analysed.')
      .and.not.match(/NaN|undefined/);
  });
});
