import { mkdtempSync, rmSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { expect } from 'chai';
import type { Dataset } from '../../src/dicom/index.ts';
import { startNodeProcess, untilTrue, type NodeProcess } from '../support/node-process.ts';
import { sampleDatasets, writeDatasets } from '../support/sample.ts';
import { reportsIn, sendFiles } from '../support/study.ts';
import { startTestPacs, type TestPacs } from '../support/test-pacs.ts';

type Slices = readonly Record<string, Dataset[string]>[];

/** Each misfortune, as it changes a good series, and the reason the PACS must be told. */
const misfortunes: readonly (readonly [string, string, (slices: Slices) => Slices])[] = [
  ['a missing slice', 'SLICE_GAP', (slices) => slices.filter((_, index) => index !== 40)],
  ['a gap of ten slices', 'SLICE_GAP', (slices) => slices.filter((_, index) => index < 30 || index >= 40)],
  [
    'two orientations',
    'MIXED_ORIENTATION',
    (slices) =>
      slices.map((slice, index) =>
        index === 0 ? { ...slice, ImageOrientationPatient: ['1', '0', '0', '0', '0', '-1'] } : slice,
      ),
  ],
  ['three slices', 'TOO_FEW_SLICES', (slices) => slices.slice(0, 3)],
  [
    'a double slice',
    'DUPLICATE_POSITION',
    (slices) => [...slices, { ...slices[10]!, SOPInstanceUID: '2.25.999' }],
  ],
  [
    'fewer slices than announced',
    'MISSING_SLICES',
    (slices) => slices.slice(0, 70).map((slice) => ({ ...slice, ImagesInAcquisition: '90' })),
  ],
  ['a sheared stack', 'GANTRY_TILT', (slices) => sheared(slices)],
  ['a CT for a bundle that reads MR', 'MODALITY_NOT_ACCEPTED', (slices) => asCt(slices)],
];

describe('journey: series that must not be analysed', function () {
  this.timeout(240_000);
  const folder = mkdtempSync(path.join(os.tmpdir(), 'willis-not-analysed-'));
  let pacs: TestPacs;
  let node: NodeProcess;
  let slices: Slices;

  before(async () => {
    slices = await sampleDatasets();
    pacs = await startTestPacs(path.join(folder, 'pacs'));
    const everything = { name: 'all', when: {}, pipeline: 'tof-patch', sendTo: ['pacs'] };
    const destinations = [{ name: 'pacs', aeTitle: 'PACS', host: '127.0.0.1', port: pacs.port }];
    node = await startNodeProcess(folder, { destinations, rules: [everything] });
  });

  after(async () => {
    await node[Symbol.asyncDispose]();
    await pacs[Symbol.asyncDispose]();
    rmSync(folder, { recursive: true, force: true });
  });

  for (const [index, [name, code, spoil]] of misfortunes.entries()) {
    it(`${name}: "not analysed" with ${code} in the PACS, never a negative`, async () => {
      const spoilt = spoil(slices).map((slice, at) => ({
        ...slice,
        SeriesInstanceUID: `2.25.88${index}`,
        SOPInstanceUID: `2.25.88${index}${String(at).padStart(3, '0')}`,
      }));
      const files = await writeDatasets(spoilt, path.join(folder, String(index)));
      const before = reportsIn(pacs).length;
      await sendFiles(files, node.port);
      await untilTrue(
        () => reportsIn(pacs).length > before,
        30_000,
        () => `no report:\n${node.log().slice(-2000)}`,
      );
      const report = reportsIn(pacs).at(-1)!;
      expect(report.summaryCode).to.equal('111245');
      expect(report.comments[0]).to.match(new RegExp(`^NOT ANALYSED\\. ${code}: `));
      expect(report.centres).to.deep.equal([]);
    });
  }
});

/** A CT whose slices slide along y as the gantry leans: 10 degrees. */
function sheared(slices: Slices): Slices {
  return slices.map((slice, index) => ({
    ...slice,
    ImagePositionPatient: [
      '-90',
      (-90 + index * 0.8 * Math.tan((10 * Math.PI) / 180)).toFixed(4),
      (index * 0.8).toFixed(2),
    ],
  }));
}

function asCt(slices: Slices): Slices {
  return slices.map((slice) => ({
    ...slice,
    SOPClassUID: '1.2.840.10008.5.1.4.1.1.2',
    Modality: 'CT',
  }));
}
