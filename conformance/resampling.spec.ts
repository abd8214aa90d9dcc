import { readFileSync } from 'node:fs';
import path from 'node:path';
import { expect } from 'chai';
import { readNifti, resampleIsotropic, type Resampling, type Volume } from '../src/volume/index.ts';
import { needsSharedData, sharedData } from '../test/support/shared-data.ts';
import { seededNoise } from './support/arrays.ts';
import { judgeKernel } from './support/kernel-judge.ts';
import { needs } from './support/tools.ts';

const libraries = ['SimpleITK', 'scipy'] as const;
const interpolations = ['linear', 'cubic', 'nearest'] as const;

describe('resampling against SimpleITK and scipy', function () {
  this.timeout(600_000);
  before(function () {
    needs(this, 'python');
  });

  it('noise, to a grid that is coarser in the plane and finer across: within a thousandth of 100 at every voxel, borders too', () => {
    const volume = noise([41, 37, 13], [0.4, 0.45, 3]);
    for (const interpolation of interpolations)
      for (const antiAlias of [false, true])
        for (const library of libraries)
          expectLike(volume, { step: 1, how: { interpolation, antiAlias }, library });
  });

  it('places half way between two voxels, and axes of two voxels and of one', () => {
    const volume = noise([19, 2, 1], [1, 1, 1]);
    for (const interpolation of interpolations)
      for (const library of libraries)
        expectLike(volume, { step: 0.5, how: { interpolation, antiAlias: false }, library });
  });

  it('a real angiogram, finer and coarser: within a thousandth of a grey value', function () {
    needsSharedData(this);
    const file = path.join(sharedData, 'tof_mra', 'niivue_chris_MRA', 'chris_MRA.nii.gz');
    const angiogram = readNifti(readFileSync(file));
    for (const interpolation of ['linear', 'cubic'] as const)
      expectLike(angiogram, {
        ...{ step: 0.8, how: { interpolation, antiAlias: false }, library: 'SimpleITK' },
      });
    expectLike(angiogram, {
      ...{ step: 1.3, how: { interpolation: 'cubic', antiAlias: true }, library: 'scipy' },
    });
  });
});

function noise(size: Volume['size'], spacingMm: Volume['spacingMm']): Volume {
  const data = seededNoise(17, size[0] * size[1] * size[2]).map((value) => 100 * value);
  return { size, spacingMm, originLpsMm: [0, 0, 0], directions: upright, data };
}

const upright: Volume['directions'] = [
  [1, 0, 0],
  [0, 1, 0],
  [0, 0, 1],
];

function expectLike(
  { size, spacingMm, data, ...place }: Volume,
  { step, how, library }: { step: number; how: Resampling; library: (typeof libraries)[number] },
): void {
  const ours = resampleIsotropic({ size, spacingMm, data, ...place }, step, how).data;
  expect(Math.max(...ours.subarray(0, 100_000))).to.be.above(0);
  const { out } = judgeKernel({
    ...{ kernel: 'resample', size, spacing: spacingMm, step, image: data, library, ...how },
  });
  expect(out.length).to.equal(ours.length);
  let greatest = 0;
  for (let index = 0; index < out.length; index += 1)
    greatest = Math.max(greatest, Math.abs(ours[index]! - out[index]!));
  expect(greatest, `${library}, ${how.interpolation}, ${step} mm`).to.be.below(1e-3);
}
