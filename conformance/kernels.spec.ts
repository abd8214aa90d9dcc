import { expect } from 'chai';
import { estimateBias } from '../src/volume/bias/index.ts';
import { evaluateLattice, gridPositions } from '../src/volume/bias/lattice.ts';
import {
  distanceTransform,
  headMask,
  loadVolume,
  resampleIsotropic,
  toLpsOrientation,
  type Size,
} from '../src/volume/index.ts';
import { sampleInstances } from '../test/support/sample.ts';
import { seededNoise } from './support/arrays.ts';
import { judgeKernel } from './support/kernel-judge.ts';
import { needs } from './support/tools.ts';

describe('volume kernels against SimpleITK, scipy and skimage', function () {
  this.timeout(600_000);
  before(function () {
    needs(this, 'python');
  });

  it('distance transform: the same to a hundredth of a micrometre, at any spacing', () => {
    const size: Size = [37, 29, 23];
    const noise = seededNoise(7, size[0] * size[1] * size[2]);
    const mask = Uint8Array.from(noise, (value) => (value > 0.995 ? 1 : 0));
    for (const spacing of [
      [1, 1, 1],
      [0.4, 0.5, 2.5],
    ] as const) {
      const { out } = judgeKernel({ kernel: 'distance', size, spacing, mask });
      const ours = distanceTransform(mask, size, spacing);
      expect(greatestDifference(ours, out)).to.be.below(1e-5);
      expect(Math.max(...out)).to.be.above(2);
    }
  });

  it('N4: after as many iterations the same field within 0.05 % at every voxel of the head', async () => {
    const { volume } = await loadVolume(sampleInstances());
    const iso = resampleIsotropic(toLpsOrientation(volume), 4);
    const mask = headMask(iso, { relativeThreshold: 0.1, referencePercentile: 99 });
    const biased = iso.data.map((value, index) => value * slowField(index, iso.size) + 1);
    // to a fixed count: ITK 5.4 reports less change between its own fields than they have, and so ends a level earlier
    const options = { shrink: 1, levels: 4, iterationsPerLevel: 12, convergence: 0 };
    const lattice = estimateBias(biased, mask, iso.size, options)!;
    const ours = evaluateLattice(lattice, gridPositions(iso.size));
    const judged = { levels: options.levels, iterations: options.iterationsPerLevel, convergence: 0 };
    const { out } = judgeKernel({ kernel: 'n4', size: iso.size, image: biased, mask, ...judged });
    const inside = [...mask.keys()].filter((index) => mask[index] === 1);
    const ratios = inside.map((index) => Math.abs(Math.exp(ours[index]! - out[index]!) - 1));
    expect(inside.length).to.be.above(10_000);
    expect(Math.max(...ratios)).to.be.below(5e-4);
    const spread = inside.map((index) => out[index]!);
    expect(Math.max(...spread) - Math.min(...spread), 'a field worth the name').to.be.above(0.1);
  });
});

/** 0.7 to 1.3 across the volume. */
function slowField(index: number, [nx, ny, nz]: Size): number {
  const [x, y, z] = [index % nx, Math.floor(index / nx) % ny, Math.floor(index / (nx * ny))];
  return Math.exp(0.3 * Math.cos((Math.PI * x) / nx) * Math.cos((Math.PI * y) / ny) + 0.1 * (z / nz - 0.5));
}

function greatestDifference(a: Float32Array, b: Float32Array): number {
  expect(a.length).to.equal(b.length);
  return a.reduce((greatest, value, index) => Math.max(greatest, Math.abs(value - b[index]!)), 0);
}
