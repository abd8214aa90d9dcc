import { createHash } from 'node:crypto';
import { expect } from 'chai';
import { part10Header, readInstance, type Attributes } from '../../../src/dicom/index.ts';
import type { Comparison, HaemorrhageFinding, Prior, SeriesFindings } from '../../../src/findings/index.ts';
import { buildResults, type ResultInput, type ResultKind } from '../../../src/results/index.ts';
import { wordsIn } from '../../../src/results/language/index.ts';
import { screen } from '../../../src/results/pictures/palette.ts';
import { sheetOf } from '../../../src/results/pictures/sheet.ts';
import { summaryPages } from '../../../src/results/pictures/summary-pages.ts';
import { aneurysmAt, card, madeInput, stateOf } from '../../support/picture-input.ts';

const kinds: readonly ResultKind[] = [
  'summary',
  'summary-grey',
  'heatmap',
  'heatmap-grey',
  'heatmap-multiframe',
  'cine',
  'key-views',
  'pdf',
];

interface Built {
  readonly kind: ResultKind;
  readonly hash: string;
  readonly attributes: Attributes;
}

async function build(input: ResultInput, wanted = kinds): Promise<readonly Built[]> {
  const out: Built[] = [];
  for await (const result of buildResults(input, wanted)) {
    const bytes = Buffer.concat([part10Header(result), result.dataset]);
    const hash = createHash('sha256').update(result.dataset).digest('hex');
    out.push({ kind: result.kind, hash, attributes: readInstance(bytes).attributes });
  }
  return out;
}

function textsOf(input: ResultInput): string {
  return summaryPages(sheetOf(input, wordsIn(input.language), screen))
    .flatMap(({ items }) => items.flatMap((item) => (item.kind === 'text' ? [item.words] : [])))
    .join('\n');
}

/** What is new, what is gone, and that nothing was compared: in words, with and without findings. */
function expectComparisonTold(made: ResultInput, prior: Prior): void {
  const { site } = aneurysmAt([0, 0, 0]);
  const comparison: Comparison = {
    ...{ state: 'compared', prior, leastChangeMm: 1.64 },
    registration: { agreement: 0.9, overlap: 1, correlation: 0.96 },
    toCurrent: {
      rotation: [
        [1, 0, 0],
        [0, 1, 0],
        [0, 0, 1],
      ],
      translationMm: [0, 0, 0],
    },
    vanished: [{ why: 'not-marked-now', centreLpsMm: [0, 0, 0], maxDiameterMm: 5.06, volumeMm3: 60, site }],
  };
  const unmatched = stateOf([aneurysmAt([0, 0, 0], { unmatched: 'not-marked-before' })]);
  expect(textsOf({ ...made, findings: { ...unmatched, comparison } })).to.match(
    /not marked on 2025-01-02: new, or missed then\nMarked on 2025-01-02, not marked now: Cerebral artery, left, 5\.1 mm \(slice \d+\)\nCompared with 2025-01-02/,
  );
  expect(textsOf({ ...made, findings: { ...stateOf([]), comparison } })).to.include('not marked now');
  const reason = { code: 'PRIOR_NOT_REGISTERED', text: 'The earlier study could not be registered.' };
  const refused: Comparison = { state: 'not-compared', prior, reason };
  expect(textsOf({ ...made, findings: { ...stateOf([]), comparison: refused } })).to.include(
    'Not compared with an earlier study: The earlier study could not be registered. No growth is told.',
  );
}

describe('picture results', function () {
  this.timeout(180_000);

  it('one input, one result: the same bytes again, a series and UIDs of its own for each kind', async () => {
    const input = madeInput([[-10, 5, 3]]);
    const [first, second] = [await build(input), await build(input)];
    expect(first.map(({ hash }) => hash)).to.deep.equal(second.map(({ hash }) => hash));
    const instances = first.map(({ attributes }) => attributes.text('SOPInstanceUID'));
    expect(new Set(instances).size).to.equal(instances.length);
    for (const keyword of ['SeriesInstanceUID', 'SeriesNumber', 'SeriesDescription']) {
      const values = new Map(first.map(({ kind, attributes }) => [kind, attributes.text(keyword)]));
      expect(new Set(values.values()).size, keyword).to.equal(kinds.length);
    }
    for (const { attributes } of first) {
      expect(attributes.text('PatientID')).to.equal('4711');
      expect(attributes.text('StudyInstanceUID')).to.equal('2.25.2');
    }
  });

  it('grey kinds are grey, and only the document burns the patient in', async () => {
    for (const { kind, attributes } of await build(madeInput([[-10, 5, 3]]))) {
      expect(attributes.text('BurnedInAnnotation')).to.equal(kind === 'pdf' ? 'YES' : 'NO');
      if (kind === 'pdf') continue;
      const interpretation = attributes.text('PhotometricInterpretation');
      expect(interpretation, kind).to.equal(kind.endsWith('grey') ? 'MONOCHROME2' : 'RGB');
    }
  });

  it('a cine turns once around: 36 frames and a frame time', async () => {
    const [cine] = await build(madeInput([[-10, 5, 3]]), ['cine']);
    expect(cine!.attributes.number('NumberOfFrames')).to.equal(36);
    expect(cine!.attributes.number('FrameTime')).to.equal(100);
  });

  it('the heatmap shows the probability at the finding and nowhere else', async () => {
    const built = await build(madeInput([[-10, 5, 3]]), ['heatmap']);
    const pixel = (slice: number, x: number, y: number): readonly number[] => [
      ...built[slice]!.attributes.raw('PixelData')!.bytes.subarray(3 * (y * 90 + x), 3 * (y * 90 + x) + 3),
    ];
    const isGrey = ([red, green, blue]: readonly number[]): boolean => red === green && green === blue;
    expect(isGrey(pixel(33, 35, 60))).to.equal(false);
    expect(isGrey(pixel(33, 55, 60))).to.equal(true);
    expect(isGrey(pixel(20, 35, 60))).to.equal(true);
  });

  it('more findings than a row holds get a second summary page', async () => {
    const points = Array.from({ length: 5 }, (_, index) => [index * 9 - 20, 0, index * 5 - 10] as const);
    expect(await build(madeInput(points), ['summary'])).to.have.length(2);
    expect(await build(madeInput(points.slice(0, 4)), ['summary'])).to.have.length(1);
  });

  it('places below the threshold are called no findings', () => {
    const input = madeInput([]);
    const candidates = [0.09, 0.06, 0.04].map((probability) => ({ ...aneurysmAt([0, 0, 0]), probability }));
    const operatingPoint = { ...input.card.operatingPoint, findingThreshold: 0.1 };
    const card = { ...input.card, operatingPoint } as typeof input.card;
    const text = textsOf({ ...input, card, output: { ...input.output!, candidates } });
    expect(text).to.include('NO FINDINGS').and.include('not findings: a 0.09 (slice 31), b 0.06 (slice 31)');
    expect(text).to.not.include('0.04');
  });

  it('each state says what it is, and what may not be done with it', async () => {
    const { probability: _, ...common } = stateOf([]) as Extract<SeriesFindings, { probability: number }>;
    const refused: SeriesFindings = {
      ...common,
      state: 'not-analysed',
      reason: { code: 'SLICE_GAP', text: 'A slice is missing.' },
      findings: [],
    };
    const made = madeInput([]);
    const text = textsOf({ ...made, findings: refused, output: null, volume: null });
    expect(text).to.include('this is not a negative result').and.include('SLICE_GAP');
    expect(text).to.include('NOT FOR CLINICAL USE').and.not.include('Probability of');
    const shown = await build({ ...made, findings: refused }, kinds);
    expect(shown.map(({ kind }) => kind)).to.deep.equal(['summary', 'summary-grey', 'pdf']);
    expect(textsOf({ ...made, language: 'de' })).to.include('NICHT F\u00dcR DEN KLINISCHEN GEBRAUCH');
    expect(textsOf({ ...made, card: { ...card, intendedUse: 'For clinical use' } })).to.not.include(
      'NOT FOR',
    );
  });

  it('growth and haemorrhage are told', () => {
    const prior = {
      studyInstanceUid: '2.25.5',
      seriesInstanceUid: '2.25.6',
      studyDate: '20250102',
      report: null,
    };
    const growth = { prior, priorMaxDiameterMm: 4.25, priorVolumeMm3: 40, change: 'grown' as const };
    const made = madeInput([]);
    const grown = { ...made, findings: stateOf([aneurysmAt([0, 0, 0], { growth })]) };
    expect(textsOf(grown)).to.include('grown since 2025-01-02: was 4.3 mm, 40 mm\u00b3');
    expectComparisonTold(made, prior);
    const slices = made.source.frames
      .slice(10, 15)
      .map(({ sopInstanceUid }) => ({ sopInstanceUid, frameNumber: null, probability: 0.8 }));
    const bleeding: HaemorrhageFinding = {
      kind: 'haemorrhage',
      subtype: 'subdural',
      probability: 0.8,
      slices: [slices[0]!, ...slices.slice(1)],
      centreLpsMm: null,
      volumeMm3: null,
      keySopInstanceUid: slices[2]!.sopInstanceUid,
      keyFrameNumber: null,
    };
    const findings = { ...stateOf([bleeding]), pipeline: 'ncct-haemorrhage' };
    const text = textsOf({ ...made, findings });
    expect(text).to.include('1 FINDING: suspected haemorrhage').and.include('Subdural');
    expect(text).to.include('11-15 of 60');
    expect(text).to.not.include('aneurysms of 4 mm');
  });
});
