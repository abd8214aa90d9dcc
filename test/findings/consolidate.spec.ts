import { expect } from 'chai';
import { consolidate, type AneurysmFinding, type SeriesFindings } from '../../src/findings/index.ts';

const common = (pipeline: string) => ({
  seriesInstanceUid: '2.25.1',
  pipeline,
  bundle: { id: `${pipeline}-bundle`, version: '1.0.0', sha256: 'a'.repeat(64) },
  timingsMs: { load: 1, preprocess: 1, inference: 1, results: 1 },
});

function aneurysm(x: number, probability: number, maxDiameterMm = 4): AneurysmFinding {
  return {
    kind: 'aneurysm',
    probability,
    centreLpsMm: [x, 0, 0],
    maxDiameterMm,
    volumeMm3: 30,
    site: { value: '88556005', scheme: 'SCT', meaning: 'Cerebral artery', laterality: null },
    keySopInstanceUid: '2.25.9',
    keyFrameNumber: null,
  };
}

function says(pipeline: string, ...[first, ...rest]: readonly AneurysmFinding[]): SeriesFindings {
  if (first === undefined)
    return { ...common(pipeline), state: 'no-findings', probability: 0.1, findings: [] };
  return {
    ...common(pipeline),
    state: 'findings',
    probability: first.probability,
    findings: [first, ...rest],
  };
}

function refuses(pipeline: string): SeriesFindings {
  const reason = { code: 'SPACING_NOT_ACCEPTED', text: 'Too coarse.' };
  return { ...common(pipeline), state: 'not-analysed', reason, findings: [] };
}

const told = (findings: SeriesFindings): unknown =>
  (findings.findings as readonly AneurysmFinding[]).map(({ centreLpsMm, opinions }) => [
    centreLpsMm[0],
    opinions!.map(({ probability }) => probability),
  ]);

describe('consolidate', () => {
  it('one aneurysm that both mark is one finding with both probabilities; what one alone marks stays a finding', () => {
    const both = consolidate([
      says('a', aneurysm(0, 0.7), aneurysm(40, 0.6)),
      says('b', aneurysm(3.5, 0.9), aneurysm(-30, 0.8)),
    ]);
    expect(told(both)).to.deep.equal([
      [-30, [null, 0.8]],
      [0, [0.7, 0.9]],
      [40, [0.6, null]],
    ]);
    expect(both).to.include({ state: 'findings', probability: 0.9, pipeline: 'a' });
    expect(both.others).to.deep.equal([
      { pipeline: 'b', bundle: common('b').bundle, state: 'findings', reason: null },
    ]);
  });

  it('what any of them took back is told, and what told it, whoever leads', () => {
    const demoted = [{ why: 'outside-head', probability: 0.8, centreLpsMm: [0, 9, 0] }] as const;
    const headMask = { by: 'threshold', reason: { code: 'HEAD_MODEL_MISSING', text: 'None.' } } as const;
    const both = consolidate([says('a'), { ...says('b', aneurysm(0, 0.9)), demoted, headMask }]);
    expect(both).to.deep.include({ demoted, headMask, pipeline: 'a' });
    expect(consolidate([says('a'), says('b')])).to.not.have.any.keys('demoted', 'headMask');
  });

  it('two aneurysms of one pipeline are never joined, however near', () => {
    const twins = consolidate([says('a', aneurysm(0, 0.7), aneurysm(3, 0.6)), says('b', aneurysm(1, 0.5))]);
    expect(told(twins)).to.deep.equal([
      [0, [0.7, 0.5]],
      [3, [0.6, null]],
    ]);
  });

  it('a finding of the second makes the whole a finding where the first has none', () => {
    const one = consolidate([says('a'), says('b', aneurysm(5, 0.8))]);
    expect(one).to.include({ state: 'findings', probability: 0.8 });
    expect(told(one)).to.deep.equal([[5, [null, 0.8]]]);
  });

  it('a pipeline that did not analyse is told with its reason and leaves the rest as it is', () => {
    const one = consolidate([refuses('a'), says('b')]);
    expect(one).to.include({ state: 'no-findings', pipeline: 'b' });
    expect(one.others).to.deep.equal([
      {
        pipeline: 'a',
        bundle: common('a').bundle,
        state: 'not-analysed',
        reason: { code: 'SPACING_NOT_ACCEPTED', text: 'Too coarse.' },
      },
    ]);
    expect(consolidate([refuses('a'), refuses('b')]).state).to.equal('not-analysed');
  });
});
