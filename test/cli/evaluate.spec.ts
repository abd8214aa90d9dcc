import { spawnSync } from 'node:child_process';
import { cpSync, mkdirSync, mkdtempSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { expect } from 'chai';
import type { Report } from '../../src/evaluation/index.ts';
import { loadVolume } from '../../src/volume/index.ts';
import { niftiBytes } from '../support/nifti.ts';
import { sampleFiles, sampleInstances, sampleTruth } from '../support/sample.ts';

const main = path.join(import.meta.dirname, '..', '..', 'src', 'main.ts');

describe('willis evaluate', function () {
  this.timeout(300_000);
  const home = mkdtempSync(path.join(os.tmpdir(), 'willis-evaluate-spec-'));
  const cases = path.join(home, 'cases');
  after(() => rmSync(home, { recursive: true, force: true }));

  before(async () => {
    for (const [name, files] of [
      ['whole', sampleFiles()],
      ['three-slices', sampleFiles().slice(0, 3)],
    ] as const) {
      mkdirSync(path.join(cases, name), { recursive: true });
      for (const file of files) cpSync(file, path.join(cases, name, path.basename(file)));
    }
    writeFileSync(path.join(home, 'mask.nii'), await sphereMask());
  });

  /** The true aneurysms of the sample as balls, on the grid of its images. */
  async function sphereMask(): Promise<Uint8Array> {
    const { volume } = await loadVolume(sampleInstances());
    const { size, spacingMm, originLpsMm: origin, directions } = volume;
    const affine = [0, 1, 2].map((axis) => {
      const sign = axis === 2 ? 1 : -1;
      return [
        ...[0, 1, 2].map((step) => sign * directions[step]![axis]! * spacingMm[step]!),
        sign * origin[axis]!,
      ];
    });
    const mask = Uint8Array.from({ length: size[0] * size[1] * size[2] }, (_, index) => {
      const voxel = [
        index % size[0],
        Math.floor(index / size[0]) % size[1],
        Math.floor(index / (size[0] * size[1])),
      ];
      const at = [0, 1, 2].map(
        (axis) =>
          origin[axis]! +
          [0, 1, 2].reduce(
            (sum, step) => sum + voxel[step]! * spacingMm[step]! * directions[step]![axis]!,
            0,
          ),
      );
      return sampleTruth().aneurysms.some(
        ({ centreLpsMm, diameterMm }) =>
          Math.hypot(...centreLpsMm.map((mm, axis) => mm - at[axis]!)) <= diameterMm / 2,
      )
        ? 1
        : 0;
    });
    return niftiBytes(size, affine, mask);
  }

  const run = (truth: string, ...args: readonly string[]): { status: number | null; stderr: string } =>
    spawnSync(
      process.execPath,
      [main, 'evaluate', cases, '--truth', truth, '--out', path.join(home, 'out'), ...args],
      {
        encoding: 'utf8',
      },
    );
  const truthFile = (name: string, value: unknown): string => {
    const file = path.join(home, name);
    writeFileSync(file, typeof value === 'string' ? value : JSON.stringify(value));
    return file;
  };

  it('measures what the sample truly has, and counts what it could not read', () => {
    const aneurysms = sampleTruth().aneurysms.map(({ centreLpsMm, diameterMm }) => ({
      centreLpsMm,
      diameterMm,
    }));
    const truth = truthFile('truth.json', {
      schemaVersion: 1,
      cases: [
        { case: 'whole', aneurysms, mask: 'mask.nii' },
        { case: 'three-slices', aneurysm: true },
      ],
    });
    const readers = truthFile('readers.csv', 'reader,case,likert\nA,whole,5\nB,whole,4\n');
    const said = run(truth, '--pipeline', 'tof-patch', '--readers', readers);
    expect(said.status, said.stderr).to.equal(0);
    expect(readdirSync(path.join(home, 'out')).sort()).to.deep.equal(['evaluation.json', 'report.html']);
    const file = path.join(home, 'out', 'evaluation.json');
    const [pipeline] = (JSON.parse(readFileSync(file, 'utf8')) as Report).pipelines;
    const { counts, detection, segmentation, activation, readers: study } = pipeline!;
    expect(counts.notAnalysed.map((one) => [one.cases, one.positives])).to.deep.equal([[1, 1]]);
    expect([counts.sensitivityOfAll.found, counts.sensitivityOfAll.of]).to.deep.equal([1, 2]);
    expect([detection!.lesions, detection!.operatingPoint.detected]).to.deep.equal([2, 2]);
    expect(detection!.localisation.meanErrorMm).to.be.below(1.5);
    expect(segmentation!.dice.mean).to.be.above(0.5);
    expect(segmentation!.hausdorff95Mm.mean).to.be.below(4);
    expect(activation!.peakInside).to.equal(1);
    expect(study!.all.mean).to.equal(4.5);
    const again = run(truth, '--pipeline', 'tof-patch', '--against', file, '--name', 'second');
    expect(again.status, again.stderr).to.equal(0);
    const [second] = (JSON.parse(readFileSync(file, 'utf8')) as Report).pipelines;
    expect(second!.comparisons[0]).to.deep.include({ cases: 1, changedDecisions: 0, idi: null });
    expect(second!.rankings[0]!.systems).to.have.length(2);
  });

  it('refuses a folder without a truth and a truth without a folder, by name', () => {
    const said = run(truthFile('t.csv', 'case,aneurysm\nwhole,yes\ngone,no\n'));
    expect(said.status).to.equal(1);
    expect(said.stderr).to.match(
      /no folder of images for gone; no truth for the folders three-slices.*TRUTH_INVALID/,
    );
  });
});
