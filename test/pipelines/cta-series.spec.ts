import path from 'node:path';
import { expect } from 'chai';
import type { Dataset } from '../../src/dicom/index.ts';
import { loadBundle, openEngine, type Bundle, type Engine } from '../../src/inference/index.ts';
import { runPipeline, type PipelineOutput } from '../../src/pipelines/index.ts';
import { loadVolume, toLpsOrientation } from '../../src/volume/index.ts';
import { ctInstances, headWith } from '../support/cta-phantom.ts';
import { instanceOf } from '../support/sample.ts';

type Slices = readonly Record<string, Dataset[string]>[];

const sac = { centre: [8, -6, 4] as const, radius: 3, hu: 380 };
const tube = { x: 8, y: -9, radius: 1.4, hu: 380 };
/** Gives the head the vessels that an angiogram must have. */
const carotid = { x: -10, y: -18, radius: 3.2, hu: 380 };
const step = 0.8;

describe('cta-resnet on a series', function () {
  this.timeout(240_000);
  let bundle: Bundle;
  let engine: Engine;
  let slices: Slices;

  before(async () => {
    bundle = await loadBundle(path.join(import.meta.dirname, '..', '..', 'models', 'cta-resnet'));
    engine = openEngine({ providers: ['cpu'], threads: 2 });
    slices = ctInstances(headWith([sac], tube, carotid));
  });
  after(async () => await engine[Symbol.asyncDispose]());

  async function analyse(changed: Slices): Promise<PipelineOutput> {
    const { volume, frames } = await loadVolume(changed.map(instanceOf));
    const series = { volume: toLpsOrientation(volume), frames, seriesInstanceUid: '2.25.92' };
    return await runPipeline('cta-resnet', { ...series, contrastAgent: 'IOMERON' }, bundle, engine);
  }

  it('judges the sac, whatever the order and direction of the slices', async () => {
    const plain = await analyse(slices);
    const nearest = (output: PipelineOutput): PipelineOutput['candidates'][0] =>
      output.candidates.reduce((best, one) => (off(one) < off(best) ? one : best));
    const off = ({ centreLpsMm }: PipelineOutput['candidates'][0]): number =>
      Math.hypot(...centreLpsMm.map((value, axis) => value - sac.centre[axis]!));
    expect(off(nearest(plain))).to.be.lessThan(1.5);
    // rows from below upwards and the normal pointing down
    const flipped = slices.toReversed().map((slice) => {
      const [x, y, z] = (slice['ImagePositionPatient'] as string[]).map(Number);
      return {
        ...slice,
        ImageOrientationPatient: ['1', '0', '0', '0', '-1', '0'],
        ImagePositionPatient: [x!, y! + 127 * step, z!].map(String),
        PixelData: rowsReversed(slice['PixelData'] as Uint8Array, 128),
      };
    });
    const again = await analyse(flipped);
    expect(again.candidates.length).to.equal(plain.candidates.length);
    expect(nearest(again).probability).to.be.closeTo(nearest(plain).probability, 1e-3);
    nearest(again).centreLpsMm.forEach((value, axis) =>
      expect(value).to.be.closeTo(nearest(plain).centreLpsMm[axis]!, step / 2),
    );
  });

  it('every candidate that reaches the threshold is a finding or listed as demoted with its reason', async () => {
    const vein = { centre: [-20, 10, -6] as const, radius: 3, hu: 190 };
    const { candidates, findings } = await analyse(ctInstances(headWith([sac, vein], tube, carotid)));
    expect(candidates.some(({ demoted }) => demoted === 'vein')).to.equal(true);
    const threshold = (bundle.manifest.operatingPoint as { threshold: number }).threshold;
    const reaching = candidates.filter(({ probability }) => probability >= threshold);
    expect(findings.state).not.to.equal('not-analysed');
    if (findings.state === 'not-analysed') return;
    expect(findings.findings.length + findings.demoted!.length).to.equal(reaching.length);
  });

  const misfortunes: readonly (readonly [string, string, () => Slices])[] = [
    [
      'no contrast in the vessels',
      'VESSELS_NOT_FOUND',
      () => ctInstances(headWith([], { ...tube, hu: 45 }, { ...carotid, hu: 45 })),
    ],
    [
      'a tilted gantry',
      'GANTRY_TILT',
      () =>
        slices.map((slice, index) => {
          const [x, y, z] = (slice['ImagePositionPatient'] as string[]).map(Number);
          return { ...slice, ImagePositionPatient: [x!, y! + index * 0.2, z!].map(String) };
        }),
    ],
    [
      'slices of 5 mm',
      'SPACING_NOT_ACCEPTED',
      () => slices.map((slice, index) => ({ ...slice, ImagePositionPatient: ['0', '0', String(index * 5)] })),
    ],
    ['thirty slices', 'TOO_FEW_SLICES', () => slices.slice(0, 30)],
    [
      'an MR series',
      'MODALITY_NOT_ACCEPTED',
      () => slices.map((slice) => ({ ...slice, SOPClassUID: '1.2.840.10008.5.1.4.1.1.4' })),
    ],
  ];
  for (const [name, code, spoil] of misfortunes) {
    it(`${name}: not analysed, ${code}`, async () => {
      const { findings } = await analyse(spoil());
      expect(findings.state).to.equal('not-analysed');
      if (findings.state === 'not-analysed') expect(findings.reason.code).to.equal(code);
    });
  }
});

function rowsReversed(bytes: Uint8Array, rows: number): Uint8Array {
  const row = bytes.length / rows;
  const out = new Uint8Array(bytes.length);
  for (let index = 0; index < rows; index += 1)
    out.set(bytes.subarray(index * row, (index + 1) * row), (rows - 1 - index) * row);
  return out;
}
