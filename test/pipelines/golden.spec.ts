import { readFileSync } from 'node:fs';
import path from 'node:path';
import { expect } from 'chai';
import {
  bundleFor,
  densePatchLogits,
  evaluateDense,
  evaluatePatchwise,
  listBundles,
  openEngine,
  type Bundle,
  type Engine,
} from '../../src/inference/index.ts';
import { findCandidates } from '../../src/pipelines/tof-patch/candidates.ts';
import { prepare, type Prepared } from '../../src/pipelines/tof-patch/prepare.ts';
import {
  indexToLps,
  loadVolume,
  maxOverCoveringWindows,
  toLpsOrientation,
  windowMean,
  type Volume,
} from '../../src/volume/index.ts';
import { sampleInstances } from '../support/sample.ts';

type Sample = readonly [number, number, number, number];

interface Golden {
  readonly file: string;
  readonly shape: readonly [number, number, number];
  readonly spacingMm: readonly [number, number, number];
  readonly preprocessed: { readonly shape: readonly number[]; readonly samples: readonly Sample[] };
  readonly evidence: readonly Sample[];
  readonly localisation: readonly Sample[];
  readonly densePatchLogit: readonly Sample[];
  readonly candidates: readonly {
    readonly centreVoxel: readonly [number, number, number];
    readonly probability: number;
    readonly volumeMm3: number;
    readonly maxDiameterMm: number;
  }[];
}

const bundles = (await listBundles(path.join(import.meta.dirname, '..', '..', 'models'))).map((entry) => {
  if (entry.kind === 'refused') throw entry.error;
  return entry.bundle;
});
const dense = bundles
  .filter(({ manifest }) => manifest.pipeline === 'tof-patch')
  .map((bundle) => bundleFor(bundle, 'tof-patch'));

for (const bundle of dense) {
  describe(`golden vectors of ${bundle.manifest.id} ${bundle.manifest.version}`, function () {
    this.timeout(120_000);
    const golden = JSON.parse(
      readFileSync(path.join(bundle.folder, bundle.manifest.golden), 'utf8'),
    ) as Golden;
    let engine: Engine;
    let prepared: Prepared;
    before(() => {
      engine = openEngine({ providers: ['cpu'], threads: 2 });
      prepared = prepare(goldenVolume(bundle, golden), bundle.manifest.preprocessing);
    });
    after(async () => await engine[Symbol.asyncDispose]());

    it("preprocessing gives the kit's image", () => {
      const [nz, ny, nx] = golden.preprocessed.shape;
      expect(prepared.image.size).to.deep.equal([nx, ny, nz]);
      expect(farthest(prepared.image.data, golden.preprocessed.samples, prepared)).to.be.lessThan(1e-3);
    });

    it("the network gives the kit's fields, whole or in slabs", async () => {
      const whole = await evaluateDense(engine, bundle, prepared.image);
      const slabs = await evaluateDense(engine, bundle, prepared.image, 1_200_000);
      for (const fields of [whole, slabs]) {
        expect(farthest(fields.evidence, golden.evidence, prepared, true)).to.be.lessThan(5e-3);
        expect(farthest(fields.localisationLogit, golden.localisation, prepared, true)).to.be.lessThan(5e-3);
      }
      const logits = densePatchLogits(whole, prepared.image.size, bundle.manifest.network.patchSize);
      expect(farthest(logits, golden.densePatchLogit, prepared, true)).to.be.lessThan(5e-3);
      const found = findCandidates({ ...whole, patchLogit: logits }, prepared, bundle.manifest);
      expect(found).to.have.length(golden.candidates.length);
      found.forEach((candidate, index) => {
        const expected = golden.candidates[index]!;
        const place = indexToLps(prepared.image, expected.centreVoxel);
        expect(Math.hypot(...place.map((v, axis) => v - candidate.centreLpsMm[axis]!))).to.be.lessThan(0.5);
        expect(candidate.probability).to.be.closeTo(expected.probability, 1e-3);
        expect(candidate.volumeMm3).to.be.closeTo(expected.volumeMm3, 3);
        expect(candidate.maxDiameterMm).to.be.closeTo(expected.maxDiameterMm, 0.5);
      });
    });

    it('dense patch logits agree with the patches of a sliding window over the sample: correlation at least 0.99', async () => {
      const { volume } = await loadVolume(sampleInstances());
      const { image } = prepare(toLpsOrientation(volume), bundle.manifest.preprocessing);
      const fields = await evaluateDense(engine, bundle, image);
      const patches = await evaluatePatchwise(engine, bundle, image, 12);
      const [nx, ny] = image.size;
      const means = windowMean(fields.evidence, image.size, 32);
      const dense = patches.map(({ start: [x, y, z] }) => means[x + 16 + nx * (y + 16 + ny * (z + 16))]!);
      expect(patches.length).to.be.greaterThan(1000);
      expect(
        correlation(
          dense,
          patches.map(({ logit }) => logit),
        ),
      ).to.be.at.least(0.99);
    });
  });
}

describe('windows', () => {
  it('mean and maximum equal brute force', () => {
    const size = [7, 6, 5] as const;
    const data = Float32Array.from({ length: 210 }, (_, index) => Math.sin(index * 12.9898) * 10);
    const side = 4;
    const mean = windowMean(data, size, side);
    const start = (centre: number, n: number): number => Math.max(0, Math.min(centre - 2, n - side));
    const covering = maxOverCoveringWindows(data, size, side);
    for (let index = 0; index < 210; index += 1) {
      const at = [index % 7, Math.floor(index / 7) % 6, Math.floor(index / 42)];
      const corner = at.map((centre, axis) => start(centre, size[axis]!));
      let sum = 0;
      for (let k = 0; k < 4; k += 1)
        for (let j = 0; j < 4; j += 1)
          for (let i = 0; i < 4; i += 1)
            sum += data[corner[0]! + i + 7 * (corner[1]! + j + 6 * (corner[2]! + k))]!;
      expect(mean[index]).to.be.closeTo(sum / 64, 1e-4);
      let best = -Infinity;
      for (let other = 0; other < 210; other += 1) {
        const centre = [other % 7, Math.floor(other / 7) % 6, Math.floor(other / 42)];
        const covers = centre.every(
          (value, axis) =>
            at[axis]! >= start(value, size[axis]!) && at[axis]! < start(value, size[axis]!) + side,
        );
        if (covers) best = Math.max(best, data[other]!);
      }
      expect(covering[index]).to.be.closeTo(best, 1e-5);
    }
  });
});

function goldenVolume(bundle: Bundle, golden: Golden): Volume {
  const bytes = readFileSync(path.join(bundle.folder, 'golden', golden.file));
  const [nz, ny, nx] = golden.shape;
  const stored = new Int16Array(bytes.buffer.slice(bytes.byteOffset, bytes.byteOffset + bytes.byteLength));
  return {
    size: [nx, ny, nz],
    spacingMm: golden.spacingMm,
    originLpsMm: [0, 0, 0],
    directions: [
      [1, 0, 0],
      [0, 1, 0],
      [0, 0, 1],
    ],
    data: Float32Array.from(stored),
  };
}

/** The largest difference from the samples; relative to 1 + |value| where the field has no scale of its own. */
function farthest(
  field: Float32Array,
  samples: readonly Sample[],
  { image }: Prepared,
  relative = false,
): number {
  const [nx, ny] = image.size;
  return Math.max(
    ...samples.map(
      ([z, y, x, value]) =>
        Math.abs(field[x + nx * (y + ny * z)]! - value) / (relative ? 1 + Math.abs(value) : 1),
    ),
  );
}

function correlation(a: readonly number[], b: readonly number[]): number {
  const mean = (values: readonly number[]): number =>
    values.reduce((sum, value) => sum + value, 0) / values.length;
  const [ma, mb] = [mean(a), mean(b)];
  const covariance = mean(a.map((value, index) => (value - ma) * (b[index]! - mb)));
  return (
    covariance /
    Math.sqrt(mean(a.map((value) => (value - ma) ** 2)) * mean(b.map((value) => (value - mb) ** 2)))
  );
}
