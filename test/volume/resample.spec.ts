import { expect } from 'chai';
import fc from 'fast-check';
import { indexToLps, resampleIsotropic, type Resampling, type Volume } from '../../src/volume/index.ts';

const ways: readonly Resampling[] = (['linear', 'cubic', 'nearest'] as const).flatMap((interpolation) =>
  [false, true].map((antiAlias) => ({ interpolation, antiAlias })),
);

const way = fc.constantFrom(...ways);
const length = fc.integer({ min: 1, max: 14 });
const step = fc.double({ min: 0.3, max: 2.5, noNaN: true });
const grid = fc.record({
  size: fc.tuple(length, length, length),
  spacingMm: fc.tuple(step, step, step),
  target: step,
});

/** An oblique stack of a tilted gantry: no axis is the patient's, and they are not at right angles. */
const oblique = {
  originLpsMm: [11, -7, 3] as const,
  directions: [
    [0.96, 0.28, 0],
    [-0.28, 0.96, 0],
    [0, 0.6, 0.8],
  ] as const,
};

function filled(
  size: Volume['size'],
  spacingMm: Volume['spacingMm'],
  value: (place: readonly [number, number, number]) => number,
): Volume {
  const [nx, ny, nz] = size;
  const data = new Float32Array(nx * ny * nz);
  const volume = { ...oblique, size, spacingMm, data };
  eachVoxel(volume, (index, voxel) => {
    data[index] = value(indexToLps(volume, voxel));
  });
  return volume;
}

function eachVoxel(
  { size: [nx, ny, nz] }: Pick<Volume, 'size'>,
  visit: (index: number, voxel: readonly [number, number, number]) => void,
): void {
  let index = 0;
  for (let z = 0; z < nz; z += 1)
    for (let y = 0; y < ny; y += 1) for (let x = 0; x < nx; x += 1, index += 1) visit(index, [x, y, z]);
}

describe('resampling', () => {
  it('keeps what is even, on any grid, by every way', () => {
    fc.assert(
      fc.property(grid, way, ({ size, spacingMm, target }, how) => {
        const { data } = resampleIsotropic(
          filled(size, spacingMm, () => 7),
          target,
          how,
        );
        expect(data.every((value) => Math.abs(value - 7) < 1e-5)).to.equal(true);
      }),
    );
  });

  it('has as many voxels as lie within the source, the first on the first', () => {
    fc.assert(
      fc.property(grid, way, ({ size, spacingMm, target }, how) => {
        const source = filled(size, spacingMm, ([x, y, z]) => x + y + z);
        const { size: out, data, originLpsMm } = resampleIsotropic(source, target, how);
        expect(originLpsMm).to.deep.equal(source.originLpsMm);
        expect(data.length).to.equal(out[0] * out[1] * out[2]);
        for (const axis of [0, 1, 2] as const) {
          const extent = (size[axis] - 1) * spacingMm[axis];
          expect((out[axis] - 1) * target).to.be.at.most(extent + 1e-5);
          expect(out[axis] * target).to.be.above(extent);
        }
      }),
    );
  });

  it('keeps a ramp through the patient, oblique as its grid may lie; far from the border where lines are mirrored or smoothed there', () => {
    const ramp = ([x, y, z]: readonly [number, number, number]): number => 3 * x - 2 * y + z;
    const source = filled([36, 34, 32], [0.8, 0.9, 1.1], ramp);
    for (const target of [0.7, 1, 1.4])
      for (const how of ways) {
        const out = resampleIsotropic(source, target, how);
        const border = how.interpolation === 'linear' && !how.antiAlias ? 0 : 11;
        // the nearest voxel is half a step of each axis away at most
        const within = how.interpolation === 'nearest' ? 3 : 1e-3;
        let [seen, most] = [0, 0];
        eachVoxel(out, (index, voxel) => {
          const place = voxel.map((value, axis) => (value * target) / source.spacingMm[axis]!);
          if (place.some((value, axis) => value < border || value > source.size[axis]! - 1 - border)) return;
          seen += 1;
          most = Math.max(most, Math.abs(out.data[index]! - ramp(indexToLps(out, voxel))));
        });
        expect(seen).to.be.above(300);
        expect(most).to.be.below(within);
      }
  });

  it('gives the voxels themselves where both grids have them, and moves with the patient by whole voxels', () => {
    const noise = (index: number): number => Math.sin(index * 12.9898) * 43.7;
    const size = [31, 29, 27] as const;
    const data = Float32Array.from({ length: 31 * 29 * 27 }, (_, index) => noise(index));
    const source: Volume = { ...oblique, size, spacingMm: [1, 1, 1], data };
    for (const how of ways) {
      const same = resampleIsotropic(source, 1, how);
      const every = resampleIsotropic(source, 0.5, how);
      let most = 0;
      eachVoxel(source, (index, [x, y, z]) => {
        const there = 2 * x + every.size[0] * (2 * y + every.size[1] * 2 * z);
        for (const value of [same.data[index]!, every.data[there]!])
          most = Math.max(most, Math.abs(value - data[index]!));
      });
      expect(most).to.be.at.most(how.interpolation === 'cubic' ? 1e-4 : 0);
    }
    // four voxels further is three of the new ones
    const moved = { ...source, data: data.map((_, index) => data[index - 4 * (1 + 31 * (1 + 29))] ?? 0) };
    for (const how of ways) {
      const [here, there] = [source, moved].map((one) => resampleIsotropic(one, 4 / 3, how));
      const [nx, ny] = here!.size;
      for (let z = 9; z < 12; z += 1)
        for (let y = 9; y < 13; y += 1)
          for (let x = 9; x < 13; x += 1)
            expect(there!.data[x + 3 + nx * (y + 3 + ny * (z + 3))]).to.be.closeTo(
              here!.data[x + nx * (y + ny * z)]!,
              1e-3,
            );
    }
  });

  it('cubic follows a smooth curve ten times nearer than linear does', () => {
    const wave = ([x, y, z]: readonly [number, number, number]): number =>
      Math.sin(x / 2) + Math.cos(y / 2) * Math.sin(z / 2);
    const source = filled([40, 40, 40], [0.8, 0.8, 0.8], wave);
    const farthest = (interpolation: Resampling['interpolation']): number => {
      const out = resampleIsotropic(source, 0.55, { interpolation, antiAlias: false });
      let most = 0;
      eachVoxel(out, (index, voxel) => {
        if (voxel.some((value, axis) => value < 12 || value > out.size[axis]! - 13)) return;
        most = Math.max(most, Math.abs(out.data[index]! - wave(indexToLps(out, voxel))));
      });
      return most;
    };
    expect(farthest('linear')).to.be.above(10 * farthest('cubic'));
  });

  it('a pattern too fine for the new grid comes back coarse without the low-pass, and hardly with it', () => {
    // stripes of 2.2 voxels: every second voxel shows them ten times as wide
    const size = [80, 6, 6] as const;
    const data = Float32Array.from({ length: 80 * 36 }, (_, index) =>
      Math.cos((2 * Math.PI * (index % 80)) / 2.2),
    );
    const source: Volume = { ...oblique, size, spacingMm: [0.5, 1, 1], data };
    for (const interpolation of ['linear', 'cubic', 'nearest'] as const) {
      const strength = (antiAlias: boolean): number =>
        Math.max(...resampleIsotropic(source, 1, { interpolation, antiAlias }).data.subarray(5, 35));
      expect(strength(false)).to.be.above(0.9);
      // of the Gaussian's frequency response exp(-2 (pi sigma f)^2) 5 % is left
      expect(strength(true)).to.be.below(0.1);
    }
  });
});
