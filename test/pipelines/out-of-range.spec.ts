import { mkdtempSync, rmSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { expect } from 'chai';
import { analyseSeries } from '../../src/analysis/analyse-series.ts';
import type { Dataset } from '../../src/dicom/index.ts';
import type { SeriesFindings } from '../../src/findings/index.ts';
import type { Engine } from '../../src/inference/index.ts';
import { checkStack, frameGeometries } from '../../src/volume/index.ts';
import { ctInstances, headWith } from '../support/cta-phantom.ts';
import { headCtDatasets, instanceOf, sampleDatasets, writeDatasets } from '../support/sample.ts';

type Slice = Record<string, Dataset[string]>;
type Slices = readonly Slice[];

/** Nothing out of range may reach a network. */
const noEngine: Engine = {
  provider: 'none',
  run: async () => await Promise.reject(new Error('a network was asked')),
  [Symbol.asyncDispose]: async () => await Promise.resolve(),
};

const sources: Readonly<Record<string, () => Promise<Slices>>> = {
  'tof-patch': sampleDatasets,
  'tof-coarse-fine': sampleDatasets,
  'cta-resnet': async () =>
    await Promise.resolve(
      ctInstances(headWith([], { x: 8, y: -9, radius: 2, hu: 380 }, { x: -10, y: -18, radius: 3, hu: 380 })),
    ),
  'ncct-haemorrhage': headCtDatasets,
};

/** What is wrong, how it comes about, and the reason a reader is told; of CT alone where a pipeline of MR has no such fault. */
const misfortunes: readonly {
  readonly name: string;
  readonly spoil: (slices: Slices) => Slices;
  readonly codes: readonly string[];
  readonly only?: 'CT' | 'MR';
}[] = [
  {
    name: 'slices of 4 mm',
    spoil: (slices) => apart(slices, 4),
    codes: ['SPACING_NOT_ACCEPTED'],
    only: 'MR',
  },
  { name: 'slices of 9 mm', spoil: (slices) => apart(slices, 9), codes: ['SPACING_NOT_ACCEPTED'] },
  { name: 'two slices', spoil: (slices) => slices.slice(0, 2), codes: ['TOO_FEW_SLICES'] },
  { name: '3,000 slices', spoil: threeThousand, codes: ['TOO_MANY_SLICES'] },
  {
    name: 'a Rescale Slope that is no number',
    spoil: (slices) => slices.map((slice) => ({ ...slice, RescaleSlope: 'NaN', RescaleIntercept: '0' })),
    codes: ['RESCALE_INVALID'],
  },
  {
    name: 'no Pixel Spacing',
    spoil: (slices) => slices.map(({ PixelSpacing: _gone, ...rest }) => rest),
    codes: ['NO_GEOMETRY'],
  },
  {
    name: 'no positions',
    spoil: (slices) => slices.map(({ ImagePositionPatient: _gone, ...rest }) => rest),
    codes: ['NO_GEOMETRY'],
  },
  {
    name: 'no position in some of them',
    spoil: (slices) =>
      slices.map((slice, index) =>
        index < slices.length / 3 ? without(slice, 'ImagePositionPatient') : slice,
      ),
    codes: ['NO_GEOMETRY'],
  },
  {
    name: 'a position in letters in one of them',
    spoil: (slices) =>
      slices.map((slice, index) =>
        index === 0 ? { ...slice, ImagePositionPatient: ['x', 'y', 'z'] } : slice,
      ),
    codes: ['NO_GEOMETRY'],
  },
  {
    name: 'two patients',
    spoil: (slices) =>
      slices.map((slice, index) => (index % 2 === 0 ? { ...slice, PatientID: 'other' } : slice)),
    codes: ['MIXED_PATIENT'],
  },
  {
    name: 'a patient without an ID among those of another',
    spoil: (slices) =>
      slices.map((slice, index) =>
        index === 3 ? without(slice, 'PatientID') : { ...slice, PatientID: 'one' },
      ),
    codes: ['MIXED_PATIENT'],
  },
  {
    name: 'two patients without any ID',
    spoil: (slices) =>
      slices.map((slice, index) => ({
        ...without(slice, 'PatientID'),
        PatientName: index === 0 ? 'One' : 'Two',
      })),
    codes: ['MIXED_PATIENT'],
  },
  {
    name: 'two patients whose slices lie at the same places',
    spoil: (slices) => [
      ...slices,
      ...slices.map((slice, index) => ({ ...slice, PatientID: 'other', SOPInstanceUID: `2.25.66${index}` })),
    ],
    codes: ['MIXED_PATIENT'],
  },
  {
    name: 'two studies',
    spoil: (slices) =>
      slices.map((slice, index) => (index === 0 ? { ...slice, StudyInstanceUID: '2.25.67' } : slice)),
    codes: ['MIXED_STUDY'],
  },
  {
    name: 'values of the wrong sign',
    spoil: (slices) => slices.map((slice) => ({ ...slice, RescaleSlope: '-1', RescaleIntercept: '1024' })),
    codes: ['GREY_VALUES_INVERTED', 'UNITS_NOT_PLAUSIBLE', 'VESSELS_NOT_FOUND'],
  },
  {
    name: 'black pictures',
    spoil: (slices) =>
      slices.map((slice) => ({
        ...slice,
        PixelData: new Uint8Array((slice['PixelData'] as Uint8Array).length),
      })),
    codes: ['IMAGE_EMPTY', 'UNITS_NOT_PLAUSIBLE', 'HEAD_NOT_FOUND'],
  },
];

for (const [pipeline, source] of Object.entries(sources)) {
  describe(`${pipeline} does not analyse, and says why,`, function () {
    this.timeout(60_000);
    const folder = mkdtempSync(path.join(os.tmpdir(), 'willis-out-of-range-'));
    let good: Slices;
    before(async () => (good = await source()));
    after(() => rmSync(folder, { recursive: true, force: true }));

    for (const { name, spoil, codes, only } of misfortunes) {
      if (only !== undefined && (only === 'MR') !== pipeline.startsWith('tof')) continue;
      it(name, async () => {
        const findings = await analyse(spoil(good), name);
        expect(findings.state).to.equal('not-analysed');
        if (findings.state === 'not-analysed') expect(codes).to.include(findings.reason.code);
      });
    }

    /** As the node does it: intake's judgement of the stack, then the analysis. */
    async function analyse(slices: Slices, name: string): Promise<SeriesFindings> {
      const home = path.join(folder, name.replaceAll(' ', '-'));
      const paths = await writeDatasets(slices, home);
      const stack = checkStack(
        slices
          .map(instanceOf)
          .flatMap((one) => [...frameGeometries(one.sopClassUid, one.sopInstanceUid, one.attributes)]),
      );
      const task = {
        ...{ paths, pipeline, kinds: [], version: 1, supersedes: null },
        bundleFolder: path.join(import.meta.dirname, '..', '..', 'models', pipeline),
        reason: stack.kind === 'not-a-stack' ? stack.reason : null,
        ...{ inputSha256: 'a'.repeat(64), completeness: 'as given', folder: `${home}-out` },
        ...{ createdAtMs: 0, softwareVersion: 'test' },
      };
      return (await analyseSeries(task, noEngine)).findings;
    }
  });
}

function without(slice: Slice, keyword: string): Slice {
  const { [keyword]: _gone, ...rest } = slice;
  return rest;
}

function apart(slices: Slices, mm: number): Slices {
  return slices.map((slice, index) => ({
    ...slice,
    ImageOrientationPatient: ['1', '0', '0', '0', '1', '0'],
    ImagePositionPatient: ['-100', '-100', String(index * mm)],
  }));
}

function threeThousand([first]: Slices): Slices {
  return Array.from({ length: 3000 }, (_, index) => ({
    ...first!,
    SOPInstanceUID: `2.25.77${index}`,
    ...{ Rows: 2, Columns: 2, PixelData: new Uint8Array(8) },
    ImageOrientationPatient: ['1', '0', '0', '0', '1', '0'],
    ImagePositionPatient: ['-100', '-100', String(index * 0.5)],
  }));
}
