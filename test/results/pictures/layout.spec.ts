import { expect } from 'chai';
import fc from 'fast-check';
import type { Comparison, Prior, SeriesFindings } from '../../../src/findings/index.ts';
import type { ResultInput } from '../../../src/results/index.ts';
import { wordsIn, type Language } from '../../../src/results/language/index.ts';
import { curvePage } from '../../../src/results/pictures/curve-page.ts';
import {
  isInside,
  overlaps,
  textBox,
  type Drawing,
  type TextItem,
} from '../../../src/results/pictures/drawing.ts';
import { keyViewPage } from '../../../src/results/pictures/key-view-page.ts';
import { greyScreen, paper, screen } from '../../../src/results/pictures/palette.ts';
import { withPatient } from '../../../src/results/pictures/patient-strip.ts';
import { sheetOf } from '../../../src/results/pictures/sheet.ts';
import { summaryPages } from '../../../src/results/pictures/summary-pages.ts';
import { fit, textWidth, wrap } from '../../../src/results/pictures/text.ts';
import { aneurysmAt, attributesOf, card, madeInput, stateOf } from '../../support/picture-input.ts';

/** Every text on a page lies inside it, and none lies on another. */
function expectReadable(page: Drawing): void {
  const texts = page.items.filter(
    (item): item is TextItem => item.kind === 'text' && item.words.trim() !== '',
  );
  const frame = { x: 0, y: 0, width: page.width + 0.01, height: page.height };
  for (const [index, one] of texts.entries()) {
    expect(isInside(textBox(one), frame), `"${one.words}" leaves the page`).to.equal(true);
    for (const other of texts.slice(index + 1))
      expect(overlaps(textBox(one), textBox(other)), `"${one.words}" lies on "${other.words}"`).to.equal(
        false,
      );
  }
}

const words = fc.oneof(
  fc.string({ maxLength: 64 }),
  fc.string({ unit: 'grapheme', maxLength: 64 }),
  fc.constant('W'.repeat(64)),
  fc.constant(''),
);
const long = fc.oneof(words, fc.lorem({ maxCount: 200 }), fc.constant('W'.repeat(900)));
const language = fc.constantFrom<Language>('en', 'de', 'es', 'fr');
const point = fc.tuple(
  fc.integer({ min: -35, max: 35 }),
  fc.integer({ min: -45, max: 45 }),
  fc.integer({ min: -20, max: 20 }),
);
const palette = fc.constantFrom(screen, greyScreen, paper);

interface Made {
  readonly points: readonly [number, number, number][];
  readonly meaning: string;
  readonly diameter: number;
  readonly grown: boolean;
  readonly below: boolean;
  readonly title: string;
  readonly limits: string[];
  readonly id: string;
  readonly description: string;
  readonly completeness: string;
  readonly supersedes: boolean;
  readonly vanished: readonly (readonly [number, number, number])[] | null;
  readonly notCompared: string | null;
  readonly language: Language;
}

const made: fc.Arbitrary<Made> = fc.record({
  points: fc.array(point, { maxLength: 13 }),
  meaning: words,
  diameter: fc.double({ min: 0.1, max: 40, noNaN: true }),
  grown: fc.boolean(),
  below: fc.boolean(),
  title: long,
  limits: fc.array(long, { maxLength: 12 }),
  id: words,
  description: words,
  completeness: long,
  supersedes: fc.boolean(),
  vanished: fc.option(fc.array(point, { maxLength: 8 })),
  notCompared: fc.option(long),
  language,
});

function inputOf(made: Made): ResultInput {
  const base = madeInput([]);
  const prior = {
    studyInstanceUid: '2.25.5',
    seriesInstanceUid: '2.25.6',
    studyDate: '20250102',
    report: null,
  };
  const found = made.points.map((centre) =>
    aneurysmAt(centre, {
      maxDiameterMm: made.diameter,
      volumeMm3: made.diameter ** 3,
      site: { value: 'x', scheme: '99X', meaning: made.meaning, laterality: null },
      ...(made.grown
        ? { growth: { prior, priorMaxDiameterMm: 3, priorVolumeMm3: 14, change: 'grown' as const } }
        : {}),
    }),
  );
  const findings = { ...stateOf(found), ...comparisonOf(made, prior) };
  const candidates = made.below ? [{ ...aneurysmAt([0, 0, 0]), probability: 0.07 }] : [];
  return {
    ...base,
    findings,
    output: { ...base.output!, findings, candidates },
    card: { ...card, title: made.title, limits: made.limits },
    source: { ...base.source, attributes: attributesOf(patient(made)) },
    identity: {
      ...base.identity,
      completeness: made.completeness,
      supersedes: made.supersedes ? { reports: [] } : null,
    },
    language: made.language,
  };
}

function comparisonOf(
  { vanished, notCompared, meaning, diameter }: Made,
  prior: Prior,
): { readonly comparison?: Comparison } {
  if (notCompared !== null)
    return {
      comparison: { state: 'not-compared', prior, reason: { code: 'PRIOR_LATE', text: notCompared } },
    };
  if (vanished === null) return {};
  const site = { value: 'x', scheme: '99X', meaning, laterality: null };
  return {
    comparison: {
      ...{ state: 'compared', prior, leastChangeMm: diameter },
      registration: { agreement: 1, overlap: 1, correlation: 1 },
      toCurrent: {
        rotation: [
          [1, 0, 0],
          [0, 1, 0],
          [0, 0, 1],
        ],
        translationMm: [0, 0, 0],
      },
      vanished: vanished.map((centreLpsMm) => ({
        ...{ why: 'not-marked-now', centreLpsMm, maxDiameterMm: diameter, volumeMm3: 1, site },
      })),
    },
  };
}

/** Header values as bytes in UTF-8: what our own writer would refuse, sources do write. */
function patient(made: Made): Parameters<typeof attributesOf>[0] {
  const raw = (tag: string, vr: string, value: string): { tag: string; vr: string; bytes: Uint8Array } => ({
    tag,
    vr,
    bytes: Buffer.from(value, 'utf8'),
  });
  return {
    SpecificCharacterSet: ['ISO_IR 192'],
    PatientName: raw('00100010', 'PN', made.id),
    PatientID: raw('00100020', 'LO', made.id),
    SeriesDescription: raw('0008103E', 'LO', made.description),
  };
}

describe('pages', function () {
  this.timeout(120_000);

  it('text never lies on text nor leaves the page, whatever the length', () => {
    fc.assert(
      fc.property(made, palette, (one, colours) => {
        const input = inputOf(one);
        const sheet = sheetOf(input, wordsIn(one.language), colours);
        for (const page of summaryPages(sheet)) {
          expectReadable(page);
          expectReadable(withPatient(sheet, page, { page: 10, pages: 12 }));
        }
        const [place] = sheet.places.filter(({ isFinding }) => isFinding);
        if (place !== undefined) expectReadable(keyViewPage(sheet, place, input.output!.maps!.probability));
      }),
      { numRuns: 15 },
    );
  });

  it('up to five haemorrhages, each on its slice, in every language', () => {
    const subtypes = [
      'epidural',
      'intraparenchymal',
      'intraventricular',
      'subarachnoid',
      'subdural',
    ] as const;
    fc.assert(
      fc.property(
        fc.subarray([...subtypes], { minLength: 1 }),
        language,
        palette,
        (some, inLanguage, colours) => {
          const base = madeInput([]);
          const { sopInstanceUid } = base.source.frames[40]!;
          const found = some.map((subtype) => ({
            kind: 'haemorrhage' as const,
            subtype,
            probability: 0.8,
            slices: [{ sopInstanceUid, frameNumber: null, probability: 0.8 }] as const,
            centreLpsMm: null,
            volumeMm3: null,
            keySopInstanceUid: sopInstanceUid,
            keyFrameNumber: null,
          }));
          const findings = { ...stateOf(found), pipeline: 'ncct-haemorrhage' };
          for (const page of summaryPages(sheetOf({ ...base, findings }, wordsIn(inLanguage), colours))) {
            expectReadable(page);
            expect(page.items.filter(({ kind }) => kind === 'image')).to.have.length(some.length);
          }
        },
      ),
      { numRuns: 15 },
    );
  });

  it('a reason of any length stays on its page', () => {
    fc.assert(
      fc.property(long, words, language, (text, code, inLanguage) => {
        const { probability: _, ...common } = stateOf([]) as Extract<SeriesFindings, { probability: number }>;
        const findings: SeriesFindings = {
          ...common,
          state: 'not-analysed',
          reason: { code, text },
          findings: [],
        };
        const input = { ...madeInput([]), findings, output: null, volume: null };
        for (const page of summaryPages(sheetOf(input, wordsIn(inLanguage), screen))) expectReadable(page);
      }),
      { numRuns: 30 },
    );
  });

  it('curves of 1 to 400 slices are labelled without overlap', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 400 }), language, palette, (count, inLanguage, colours) => {
        const values = Array.from({ length: count }, (_, slice) => Math.abs(Math.sin(slice)));
        const names = ['any', 'epidural', 'intraparenchymal', 'subarachnoid'] as const;
        const sheet = sheetOf(madeInput([]), wordsIn(inLanguage), colours);
        expectReadable(
          curvePage(
            sheet,
            names.map((name) => ({ class: name, values })),
          ),
        );
      }),
      { numRuns: 30 },
    );
  });

  it('the first summary page can be read at 1024 pixels: no text below 12 pixels there', () => {
    const many = Array.from({ length: 10 }, (_, index) => aneurysmAt([index * 6 - 30, 0, index * 4 - 20]));
    for (const found of [[], many.slice(0, 1), many.slice(0, 4), many]) {
      const findings = stateOf(found);
      const input = { ...madeInput([]), findings };
      for (const page of summaryPages(sheetOf(input, wordsIn(), screen))) {
        const scale = Math.min(1024 / page.width, 1024 / page.height);
        const sizes = page.items.flatMap((item) => (item.kind === 'text' ? [item.style.size * scale] : []));
        expect(Math.min(...sizes)).to.be.at.least(12);
      }
    }
  });
});

describe('words on a line', () => {
  const room = fc.record({ width: fc.integer({ min: 60, max: 900 }), size: fc.integer({ min: 8, max: 32 }) });

  it('wrapped lines fit, and no character is lost', () => {
    fc.assert(
      fc.property(long, room, (text, { width, size }) => {
        const lines = wrap(text, width, size);
        for (const line of lines) expect(textWidth(line, size)).to.be.at.most(width + 1e-6);
        expect(lines.join('').replaceAll(/[ \n]/g, '')).to.equal(text.replaceAll(/[ \n]/g, ''));
      }),
    );
  });

  it('cut words fit and say that they were cut', () => {
    fc.assert(
      fc.property(long, room, (text, { width, size }) => {
        const cut = fit(text, width, size);
        expect(textWidth(cut, size)).to.be.at.most(width);
        if (cut !== text) expect(cut.endsWith('\u2026')).to.equal(true);
      }),
    );
  });
});
