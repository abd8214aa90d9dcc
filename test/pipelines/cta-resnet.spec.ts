import { readFileSync } from 'node:fs';
import path from 'node:path';
import { expect } from 'chai';
import { bundleFor, loadBundle, openEngine, type BundleOf, type Engine } from '../../src/inference/index.ts';
import { classify, type Judged } from '../../src/pipelines/cta-resnet/classify.ts';
import { lookAtHead, vesselsMissing } from '../../src/pipelines/cta-resnet/head.ts';
import { explanationMaps } from '../../src/pipelines/cta-resnet/maps.ts';
import { proposePlaces, type Proposal } from '../../src/pipelines/cta-resnet/proposals.ts';
import { demotion } from '../../src/pipelines/cta-resnet/rules.ts';
import { indexToLps, lpsToIndex, type Volume } from '../../src/volume/index.ts';
import { boxVolume, headWith } from '../support/cta-phantom.ts';

interface Golden {
  readonly file: string;
  readonly shape: readonly [number, number, number, number];
  readonly candidates: readonly {
    readonly probability: number;
    readonly contributions: readonly number[];
    readonly cam: readonly (readonly number[])[];
  }[];
}

const folder = path.join(import.meta.dirname, '..', '..', 'models', 'cta-resnet');

describe('golden vectors of cta-resnet', function () {
  this.timeout(60_000);
  let bundle: BundleOf<'cta-resnet'>;
  let golden: Golden;
  let engine: Engine;
  const judged: Judged[] = [];

  before(async () => {
    bundle = bundleFor(await loadBundle(folder), 'cta-resnet');
    golden = JSON.parse(readFileSync(path.join(folder, bundle.manifest.golden), 'utf8')) as Golden;
    engine = openEngine({ providers: ['cpu'], threads: 2 });
    for (let index = 0; index < golden.candidates.length; index += 1)
      judged.push(
        ...(await classify([proposalAt([0, 0, 0])], goldenCrop(golden, index), { bundle, engine })),
      );
  });
  after(async () => await engine[Symbol.asyncDispose]());

  it("a crop on its own grid gives the kit's probability to 0.001", () => {
    for (const [index, { probability }] of golden.candidates.entries())
      expect(judged[index]!.probability).to.be.closeTo(probability, 1e-3);
  });

  it("contributions and Grad-CAM of the central slice are the kit's", () => {
    const { features } = bundle.manifest.selection;
    for (const [index, expected] of golden.candidates.entries()) {
      const { contributions, cam } = judged[index]!;
      for (const { feature, logit } of contributions)
        expect(logit).to.be.closeTo(expected.contributions[features.indexOf(feature)]!, 2e-3);
      expected.cam.flat().forEach((value, cell) => expect(cam[cell]).to.be.closeTo(value, 2e-3));
    }
  });

  it('the probability does not depend on how the volume is oriented or cut', async () => {
    const source = goldenCrop(golden, 0);
    const [nx, ny, nz] = source.size;
    // the same voxels with x flipped and y and x exchanged: another grid, the same patient
    const data = new Float32Array(source.data.length);
    for (let z = 0; z < nz; z += 1)
      for (let y = 0; y < ny; y += 1)
        for (let x = 0; x < nx; x += 1)
          data[y + ny * (nx - 1 - x + nx * z)] = source.data[x + nx * (y + ny * z)]!;
    const turned: Volume = {
      size: [ny, nx, nz],
      spacingMm: [source.spacingMm[1], source.spacingMm[0], source.spacingMm[2]],
      originLpsMm: indexToLps(source, [nx - 1, 0, 0]),
      directions: [
        [0, 1, 0],
        [-1, 0, 0],
        [0, 0, 1],
      ],
      data,
    };
    const [again] = await classify([proposalAt([0, 0, 0])], turned, { bundle, engine });
    expect(again!.probability).to.be.closeTo(judged[0]!.probability, 1e-4);
  });

  it('the strongest cell of Grad-CAM is painted where it lies in the patient, to half a cell', () => {
    const cam = new Float32Array(49);
    cam[2 * 7 + 5] = 1;
    const one = { ...judged[0]!, cam, probability: 0.9, centreLpsMm: [10, 20, 30] as const };
    const source = boxVolume([80, 80, 40], 2, [-60, -60, 0]);
    const { probability } = explanationMaps([one], source, bundle.manifest);
    const top = probability.data.reduce(
      (best, value, index) => (value > probability.data[best]! ? index : best),
      0,
    );
    const [nx, ny] = probability.size;
    const place = indexToLps(probability, [top % nx, Math.floor(top / nx) % ny, Math.floor(top / (nx * ny))]);
    // 8 mm cells about the centre: column 5 is 16 mm to the left of it, row 2 is 8 mm in front
    expect(place[0]).to.be.closeTo(26, 4);
    expect(place[1]).to.be.closeTo(12, 4);
    expect(place[2]).to.be.closeTo(30, 4);
    expect(probability.data[top]).to.be.closeTo(0.9, 0.1);
  });
});

describe('proposals of cta-resnet', function () {
  this.timeout(60_000);
  const sac = { centre: [8, -6, 4] as const, radius: 3, hu: 380 };
  const tube = { x: 8, y: -9, radius: 1.4, hu: 380 };

  it('a sac on a tube is proposed first, within 1 mm and half of its size; the tube alone is not', () => {
    const places = proposePlaces(lookAtHead(headWith([sac], tube)));
    const [first] = places;
    expect(Math.hypot(...first!.centreLpsMm.map((value, axis) => value - sac.centre[axis]!))).to.be.lessThan(
      1.2,
    );
    expect(first!.radiusMm).to.be.within(2, 4.5);
    const alone = proposePlaces(lookAtHead(headWith([], tube)));
    const onTube = alone.filter(
      ({ centreLpsMm: [x, y, z] }) => Math.hypot(x - tube.x, y - tube.y) < 2 && Math.abs(z) < 20,
    );
    expect(onTube).to.deep.equal([]);
  });

  it('what lies in the skull is demoted as bone, what has half of the HU of arteries as vein, a sac is not', () => {
    const vein = { centre: [-20, 10, -6] as const, radius: 3, hu: 190 };
    const head = lookAtHead(headWith([sac, vein], tube));
    const why = (centre: readonly [number, number, number]): unknown =>
      demotion({ proposal: proposalAt(centre, head.volume) } as Judged, head);
    expect(why(sac.centre)).to.equal(null);
    expect(why(vein.centre)).to.equal('vein');
    expect(why([0, 0, 44])).to.equal('bone');
  });

  it('a head without contrast in its vessels is no angiogram', () => {
    expect(vesselsMissing(lookAtHead(headWith([], { ...tube, hu: 45 })), 'test')?.code).to.equal(
      'VESSELS_NOT_FOUND',
    );
    expect(vesselsMissing(lookAtHead(headWith([sac], { ...tube, radius: 3 })), 'test')).to.equal(null);
  });
});

function proposalAt(centreLpsMm: readonly [number, number, number], grid?: Volume): Proposal {
  const index = grid === undefined ? [0, 0, 0] : lpsToIndex(grid, centreLpsMm).map(Math.round);
  return { centreLpsMm, voxel: index as [number, number, number], radiusMm: 2, score: 1 };
}

/** The stored crop as a volume whose middle is the patient's origin. */
function goldenCrop({ file, shape: [, nz, ny, nx] }: Golden, index: number): Volume {
  const bytes = readFileSync(path.join(folder, 'golden', file));
  const count = nz * ny * nx;
  const stored = new Int16Array(bytes.buffer.slice(bytes.byteOffset + index * count * 2), 0, count);
  const volume = boxVolume([nx, ny, nz], 0.5, [-(nx - 1) / 4, -(ny - 1) / 4, -(nz - 1) / 4]);
  return { ...volume, data: Float32Array.from(stored) };
}
