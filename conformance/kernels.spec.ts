import { readFileSync } from 'node:fs';
import path from 'node:path';
import { expect } from 'chai';
import { curvatures } from '../src/pipelines/cta-resnet/curvature.ts';
import { project } from '../src/results/pictures/project.ts';
import { estimateBias } from '../src/volume/bias/index.ts';
import { evaluateLattice, gridPositions } from '../src/volume/bias/lattice.ts';
import {
  dilated,
  distanceTransform,
  eroded,
  gaussianSmooth,
  headMask,
  labelComponents,
  loadVolume,
  maskOnGrid,
  percentiles,
  readNifti,
  resampleIsotropic,
  sobelMagnitude,
  toLpsOrientation,
  vesselness,
  type Size,
  type Volume,
} from '../src/volume/index.ts';
import { sampleInstances } from '../test/support/sample.ts';
import { needsSharedData, sharedData } from '../test/support/shared-data.ts';
import { seededNoise } from './support/arrays.ts';
import { judgeKernel } from './support/kernel-judge.ts';
import { needs } from './support/tools.ts';

describe('volume kernels against SimpleITK, scipy and numpy', function () {
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
    // to a fixed count: SimpleITK 2.5 reports less change between its fields than they have, and ends a level some iterations earlier
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

  describe('of the contour and of the proposals', () => {
    const size: Size = [23, 19, 17];
    const image = seededNoise(11, 23 * 19 * 17).map((value, index) => 100 * value + (index % 23));
    const mask = Uint8Array.from(image, (value) => (value > 112 ? 1 : 0));

    it('Gaussian: scipy to a ten-thousandth, borders too', () => {
      for (const sigma of [0.5, 1, 2.25]) {
        const { out } = judgeKernel({ kernel: 'gaussian', size, image, sigma });
        expect(greatestDifference(gaussianSmooth(image, size, sigma), out), `sigma ${sigma}`).to.be.below(
          5e-3,
        );
      }
    });

    it('Sobel magnitude of a soft mask, and a unit step gives 1 an axis, 0.577 of the three', () => {
      const { out } = judgeKernel({ kernel: 'sobel', size, image });
      expect(greatestDifference(sobelMagnitude(image, size), out)).to.be.below(1e-4);
      const step = Float32Array.from(image, (_, index) => (index % 23 < 11 ? 0 : 1));
      expect(Math.max(...sobelMagnitude(step, size))).to.be.closeTo(1 / Math.sqrt(3), 1e-6);
    });

    it('dilation and erosion by 6 and by 18 neighbours: the same voxels', () => {
      expect(mask.includes(1)).to.equal(true);
      for (const [neighbours, order] of [
        [6, 1],
        [18, 2],
      ] as const) {
        const judged = (kernel: string, of: Uint8Array): number[] =>
          Array.from(judgeKernel({ kernel, size, mask: of, order }).out);
        const large = dilated(mask, size, neighbours);
        expect([...large]).to.deep.equal(judged('dilated', mask));
        expect([...eroded(large, size, neighbours)]).to.deep.equal(judged('eroded', large));
      }
    });

    it('vesselness of Frangi: ITK to 2 in 100,000 at every voxel, borders too', () => {
      const within = new Uint8Array(image.length).fill(1);
      const sigma = 1.3;
      const ours = vesselness(image, size, { measure: 'frangi', sigmasVoxels: [sigma], within });
      const smooth = gaussianSmooth(image, size, sigma);
      // ITK takes c as a number; here it is half of the greatest norm of the Hessian
      const hessians = judgeKernel({ kernel: 'curvatures', size, image: smooth }).out;
      let greatest = 0;
      for (let voxel = 0; voxel < image.length; voxel += 1)
        greatest = Math.max(greatest, Math.hypot(...hessians.subarray(3 * voxel, 3 * voxel + 3)));
      const { out } = judgeKernel({
        ...{ kernel: 'vesselness', size, image: smooth, sigmas: [0], gammas: [greatest / 2] },
      });
      expect(greatestDifference(ours, out)).to.be.below(2e-5);
      expect(Math.max(...out)).to.be.above(0.3);
    });

    it('eigenvalues of the Hessian: those of LAPACK', () => {
      const { out } = judgeKernel({ kernel: 'curvatures', size, image });
      for (let voxel = 0; voxel < image.length; voxel += 1) {
        const [x, y, z] = [voxel % 23, Math.floor(voxel / 23) % 19, Math.floor(voxel / (23 * 19))];
        // at the border the judge repeats twice for a mixed derivative, we once
        if (Math.min(x, y, z, 22 - x, 18 - y, 16 - z) === 0) continue;
        curvatures(image, size, [x, y, z], 1).forEach((value, place) =>
          expect(value).to.be.closeTo(out[3 * voxel + place]!, 2e-3),
        );
      }
    });

    it('maximum intensity projections: numpy and SimpleITK, pixel by pixel, superior up', () => {
      const volume: Volume = {
        size,
        spacingMm: [1, 1, 1],
        originLpsMm: [0, 0, 0],
        directions: upright,
        data: image,
      };
      for (const [axis, along] of (['x', 'y', 'z'] as const).entries()) {
        const { values, width, height } = project(volume, along);
        const rows = Array.from({ length: height }, (_, row) => [
          ...values.subarray(row * width, (row + 1) * width),
        ]);
        // radiologists hang slices from below, and everything else with the head up
        const upwards = along === 'z' ? rows : rows.toReversed();
        for (const library of ['numpy', 'SimpleITK'])
          expect(upwards.flat()).to.deep.equal([
            ...judgeKernel({ kernel: 'projection', size, image, axis, library }).out,
          ]);
      }
    });

    it('nearest voxel on another grid: SimpleITK, voxel by voxel', () => {
      const [toSize, toSpacing, toOrigin] = [
        [31, 14, 20] as const,
        [0.61, 1.37, 0.83] as const,
        [1.3, -2.1, 0.7] as const,
      ];
      const from = {
        size,
        spacingMm: [1, 1, 1] as const,
        originLpsMm: [0, 0, 0] as const,
        directions: upright,
      };
      const to = { size: toSize, spacingMm: toSpacing, originLpsMm: toOrigin, directions: upright };
      const { out } = judgeKernel({ kernel: 'nearest', size, mask, toSize, toSpacing, toOrigin });
      const ours = maskOnGrid(mask, from, to);
      expect(ours.includes(1)).to.equal(true);
      expect([...ours]).to.deep.equal([...out]);
    });
  });

  describe('on real volumes', () => {
    let angiogram: Volume;
    let arteries: Uint8Array;
    before(function () {
      needsSharedData(this);
      angiogram = readNifti(
        readFileSync(path.join(sharedData, 'tof_mra', 'niivue_chris_MRA', 'chris_MRA.nii.gz')),
      );
      arteries = Uint8Array.from(angiogram.data, (value) => (value > 120 ? 1 : 0));
    });

    it('components: the same parts, with 6 and with 26 neighbours', () => {
      const { size } = angiogram;
      for (const connectivity of [6, 26] as const) {
        const { out } = judgeKernel({ kernel: 'components', size, mask: arteries, connectivity });
        const { labels, count } = labelComponents(arteries, size, connectivity);
        expect(count).to.equal(out.reduce((top, label) => Math.max(top, label), 0));
        expect(count).to.be.above(30);
        // both number the parts by their first voxel
        expect(labels.every((label, index) => label === out[index])).to.equal(true);
      }
    });

    it('distance to the arteries: the same to a hundredth of a micrometre', () => {
      const { size, spacingMm } = angiogram;
      const { out } = judgeKernel({ kernel: 'distance', size, spacing: spacingMm, mask: arteries });
      expect(greatestDifference(distanceTransform(arteries, size, spacingMm), out)).to.be.below(1e-5);
    });

    it('percentiles: the same', () => {
      const percents = [0.5, 25, 50, 99, 99.9];
      const { size, data } = angiogram;
      const { out } = judgeKernel({ kernel: 'percentiles', size, image: data, percents });
      percentiles(data, percents).forEach((value, index) => expect(value).to.be.closeTo(out[index]!, 1e-3));
    });

    it('N4 of a real angiogram: the same field within 0.05 % where there is signal', () => {
      const coarse = resampleIsotropic(angiogram, 1.5);
      const mask = Uint8Array.from(coarse.data, (value) => (value > 5 ? 1 : 0));
      const options = { shrink: 1, levels: 3, iterationsPerLevel: 8, convergence: 0 };
      const lattice = estimateBias(coarse.data, mask, coarse.size, options)!;
      const ours = evaluateLattice(lattice, gridPositions(coarse.size));
      const judged = { levels: options.levels, iterations: options.iterationsPerLevel, convergence: 0 };
      const { out } = judgeKernel({ kernel: 'n4', size: coarse.size, image: coarse.data, mask, ...judged });
      let [greatest, voxels] = [0, 0];
      for (let index = 0; index < mask.length; index += 1) {
        if (mask[index] !== 1) continue;
        greatest = Math.max(greatest, Math.abs(Math.exp(ours[index]! - out[index]!) - 1));
        voxels += 1;
      }
      expect(voxels).to.be.above(1000);
      expect(greatest).to.be.below(5e-4);
    });
  });
});

const upright: Volume['directions'] = [
  [1, 0, 0],
  [0, 1, 0],
  [0, 0, 1],
];

/** 0.7 to 1.3 across the volume. */
function slowField(index: number, [nx, ny, nz]: Size): number {
  const [x, y, z] = [index % nx, Math.floor(index / nx) % ny, Math.floor(index / (nx * ny))];
  return Math.exp(0.3 * Math.cos((Math.PI * x) / nx) * Math.cos((Math.PI * y) / ny) + 0.1 * (z / nz - 0.5));
}

function greatestDifference(a: Float32Array, b: Float32Array): number {
  expect(a.length).to.equal(b.length);
  return a.reduce((greatest, value, index) => Math.max(greatest, Math.abs(value - b[index]!)), 0);
}
