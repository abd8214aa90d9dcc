import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { expect } from 'chai';
import { analyseSeries } from '../../src/analysis/analyse-series.ts';
import type { Dataset } from '../../src/dicom/index.ts';
import type { HaemorrhageFinding, SeriesFindings } from '../../src/findings/index.ts';
import { openEngine, type Engine } from '../../src/inference/index.ts';
import { checkStack, frameGeometries } from '../../src/volume/index.ts';
import { headCtDatasets, headCtFolder, instanceOf, writeDatasets } from '../support/sample.ts';

type Slices = readonly Record<string, Dataset[string]>[];

const bundleFolder = path.join(import.meta.dirname, '..', '..', 'models', 'ncct-haemorrhage');
/** Row direction and column direction of each slice turned by half about the patient's long axis, the same pixels turned with them. */
const halfTurn = ['-1', '0', '0', '0', '-1', '0'];

describe('ncct-haemorrhage on a series', function () {
  this.timeout(240_000);
  const folder = mkdtempSync(path.join(os.tmpdir(), 'willis-ncct-'));
  let engine: Engine;
  let slices: Slices;
  let number = 0;

  before(async () => {
    engine = openEngine({ providers: ['cpu'], threads: 2 });
    slices = await headCtDatasets();
  });
  after(async () => {
    await engine[Symbol.asyncDispose]();
    rmSync(folder, { recursive: true, force: true });
  });

  /** As the node does it: intake's judgement of the stack, then the analysis. */
  async function analyse(changed: Slices): Promise<SeriesFindings> {
    number += 1;
    const paths = await writeDatasets(changed, path.join(folder, String(number)));
    const stack = checkStack(
      changed
        .map(instanceOf)
        .flatMap((one) => [...frameGeometries(one.sopClassUid, one.sopInstanceUid, one.attributes)]),
    );
    const outcome = await analyseSeries(
      {
        ...{ paths, bundleFolder, pipeline: 'ncct-haemorrhage', kinds: [], version: 1, supersedes: null },
        reason: stack.kind === 'not-a-stack' ? stack.reason : null,
        inputSha256: 'a'.repeat(64),
        completeness: 'as given',
        folder: path.join(folder, `${number}-out`),
        createdAtMs: 0,
        softwareVersion: 'test',
      },
      engine,
    );
    return outcome.findings;
  }

  describe('finds the blood of the sample', () => {
    let plain: SeriesFindings;
    before(async () => (plain = await analyse(slices)));

    it('on its slices, and asks to read it first', () => {
      const truth = JSON.parse(readFileSync(path.join(headCtFolder, 'truth.json'), 'utf8')) as {
        slices: readonly (readonly number[])[];
      };
      expect(plain).to.include({ state: 'findings', triage: 'urgent' });
      const bleeding = slices.filter((_, index) => truth.slices[index]![0] === 1).map(uidOf);
      const keys = plain.findings.map(({ keySopInstanceUid }) => keySopInstanceUid);
      expect(keys.filter((key) => bleeding.includes(key))).not.to.deep.equal([]);
    });

    it('whatever the order of the files', async () => {
      expect(told(await analyse(slices.toReversed()))).to.deep.equal(told(plain));
    });

    it('with the stack turned upside down in its header: slices lie where they lay', async () => {
      const [nx, ny] = [Number(slices[0]!['Columns']), Number(slices[0]!['Rows'])];
      const turned = slices.map((slice) => {
        const one = instanceOf(slice).attributes;
        const [x, y, z] = one.numbers('ImagePositionPatient');
        const [row, column] = one.numbers('PixelSpacing');
        const corner = [x! + (nx - 1) * column!, y! + (ny - 1) * row!, z!];
        const pixels = new Uint16Array((slice['PixelData'] as Uint8Array).slice().buffer).reverse();
        return {
          ...slice,
          ImageOrientationPatient: halfTurn,
          ImagePositionPatient: corner.map(String),
          PixelData: new Uint8Array(pixels.buffer),
        };
      });
      expect(rounded(await analyse(turned))).to.deep.equal(rounded(plain));
    });

    it('with feet first slices, whose normal points down', async () => {
      const ny = Number(slices[0]!['Rows']);
      const flipped = slices.map((slice) => {
        const one = instanceOf(slice).attributes;
        const [x, y, z] = one.numbers('ImagePositionPatient');
        const [row] = one.numbers('PixelSpacing');
        return {
          ...slice,
          ImageOrientationPatient: ['1', '0', '0', '0', '-1', '0'],
          ImagePositionPatient: [x!, y! + (ny - 1) * row!, z!].map(String),
          PixelData: rowsReversed(slice['PixelData'] as Uint8Array, ny),
        };
      });
      const found = await analyse(flipped);
      expect(rounded(found)).to.deep.equal({
        ...rounded(plain),
        // in stack order, which now runs downwards
        slices: rounded(plain).slices.map((list) => list.toReversed()),
      });
    });
  });

  it('what the explanation points at is what the decision rests on: brain put in its place takes the finding back', async () => {
    const plain = await analyse(slices);
    const [finding] = plain.findings as readonly HaemorrhageFinding[];
    const without = await analyse(slices.map((slice) => wiped(slice, finding!.centreLpsMm!, 22)));
    const elsewhere = finding!.centreLpsMm!.map((value, axis) => (axis === 1 ? value + 55 : value));
    const control = await analyse(slices.map((slice) => wiped(slice, elsewhere, 22)));
    expect(anyOf(without)).to.be.lessThan(0.5 * anyOf(plain));
    expect(anyOf(control)).to.be.greaterThan(0.8 * anyOf(plain));
  });

  describe('does not analyse, with the reason,', () => {
    const misfortunes: readonly (readonly [string, string, (good: Slices) => Slices])[] = [
      ['two slices', 'TOO_FEW_SLICES', (good) => good.slice(0, 2)],
      ['half of the head', 'COVERAGE_TOO_SMALL', (good) => good.slice(0, 17)],
      ['no Pixel Spacing', 'NO_GEOMETRY', (good) => good.map(({ PixelSpacing: _gone, ...rest }) => rest)],
      [
        'contrast medium',
        'CONTRAST_GIVEN',
        (good) => good.map((slice) => ({ ...slice, ContrastBolusAgent: 'IOMERON 400' })),
      ],
      [
        'HU of the wrong sign',
        'UNITS_NOT_PLAUSIBLE',
        (good) => good.map((slice) => ({ ...slice, RescaleSlope: '-1', RescaleIntercept: '1024' })),
      ],
      [
        'stored values without rescale',
        'UNITS_NOT_PLAUSIBLE',
        (good) => good.map(({ RescaleSlope: _s, RescaleIntercept: _i, ...rest }) => rest),
      ],
      [
        'a Rescale Slope that is no number',
        'RESCALE_INVALID',
        (good) => good.map((slice) => ({ ...slice, RescaleSlope: 'NaN' })),
      ],
      [
        '3,000 slices',
        'TOO_MANY_SLICES',
        (good) =>
          Array.from({ length: 3000 }, (_, index) => ({
            ...good[0]!,
            SOPInstanceUID: `2.25.77${index}`,
            ImagePositionPatient: ['-100', '-100', String(index * 0.5)],
            Rows: 2,
            Columns: 2,
            PixelData: new Uint8Array(8),
          })),
      ],
      [
        'a phantom of water in a shell of bone',
        'HEAD_NOT_FOUND',
        (good) => good.map((slice) => ({ ...slice, PixelData: waterFor(slice['PixelData'] as Uint8Array) })),
      ],
      [
        'slices of 8 mm',
        'SPACING_NOT_ACCEPTED',
        (good) =>
          good.map((slice, index) => ({
            ...slice,
            ImagePositionPatient: ['-100', '-100', String(index * 8)],
          })),
      ],
      [
        'coronal slices',
        'ORIENTATION_NOT_ACCEPTED',
        (good) =>
          good.map((slice, index) => ({
            ...slice,
            ImageOrientationPatient: ['1', '0', '0', '0', '0', '-1'],
            ImagePositionPatient: ['-100', String(index * 5), '100'],
          })),
      ],
    ];
    for (const [name, code, spoil] of misfortunes) {
      it(name, async () => {
        const findings = await analyse(spoil(slices));
        expect(findings.state).to.equal('not-analysed');
        if (findings.state === 'not-analysed') expect(findings.reason.code).to.equal(code);
      });
    }

    it('and says nothing of contrast where the header says that none was given', async () => {
      const none = slices.map((slice) => ({ ...slice, ContrastBolusAgent: 'NONE' }));
      expect((await analyse(none)).state).to.equal('findings');
    });
  });
});

/** What must not depend on the way of sending. */
function told(findings: SeriesFindings): unknown {
  const { timingsMs: _times, ...rest } = findings;
  return rest;
}

interface Rounded {
  readonly slices: readonly (readonly unknown[])[];
  readonly rest: unknown;
}

function rounded(series: SeriesFindings): Rounded {
  const findings = series.findings as readonly HaemorrhageFinding[];
  return {
    slices: findings.map(({ slices }) =>
      slices.map(({ sopInstanceUid, probability }) => [sopInstanceUid, probability.toFixed(3)]),
    ),
    rest: findings.map(({ subtype, probability, centreLpsMm, keySopInstanceUid }) => ({
      ...{ subtype, keySopInstanceUid, probability: probability.toFixed(3) },
      centre: centreLpsMm!.map((value) => Math.round(value)),
    })),
  };
}

/** A ball of brain (34 HU with a little grain) in place of whatever is there and is no bone. */
function wiped(
  slice: Record<string, Dataset[string]>,
  centre: readonly number[],
  radiusMm: number,
): Record<string, Dataset[string]> {
  const { attributes } = instanceOf(slice);
  const [x, y, z] = attributes.numbers('ImagePositionPatient');
  const [row, column] = attributes.numbers('PixelSpacing');
  const columns = attributes.number('Columns')!;
  const pixels = new Uint16Array((slice['PixelData'] as Uint8Array).slice().buffer);
  for (let index = 0; index < pixels.length; index += 1) {
    const i = index % columns;
    const j = Math.floor(index / columns);
    const away = Math.hypot(x! + i * column! - centre[0]!, y! + j * row! - centre[1]!, z! - centre[2]!);
    if (away <= radiusMm && pixels[index]! < 1024 + 150)
      pixels[index] = 1024 + 34 + ((i * 7 + j * 3) % 7) - 3;
  }
  return { ...slice, PixelData: new Uint8Array(pixels.buffer) };
}

/** Of any haemorrhage in the scan. */
function anyOf(series: SeriesFindings): number {
  if (series.state === 'not-analysed') throw new Error(series.reason.text);
  return series.probability;
}

function uidOf(slice: Record<string, Dataset[string]>): string {
  return instanceOf(slice).sopInstanceUid;
}

function rowsReversed(bytes: Uint8Array, rows: number): Uint8Array {
  const row = bytes.length / rows;
  const out = new Uint8Array(bytes.length);
  for (let index = 0; index < rows; index += 1)
    out.set(bytes.subarray(index * row, (index + 1) * row), (rows - 1 - index) * row);
  return out;
}

/** Every soft pixel becomes water of 0 HU (stored 1024). */
function waterFor(bytes: Uint8Array): Uint8Array {
  const pixels = new Uint16Array(bytes.slice().buffer).map((stored) =>
    stored > 924 && stored < 1224 ? 1024 : stored,
  );
  return new Uint8Array(pixels.buffer);
}
