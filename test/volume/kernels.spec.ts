import { expect } from 'chai';
import fc from 'fast-check';
import {
  dilated,
  eroded,
  gaussianSmooth,
  labelComponents,
  percentiles,
  vesselness,
  type Size,
} from '../../src/volume/index.ts';

const size: Size = [9, 7, 6];
const voxels = size[0] * size[1] * size[2];
const mask = fc.array(fc.integer({ min: 0, max: 2 }), { minLength: voxels, maxLength: voxels });

/** A third of the voxels is set. */
const set = (values: readonly number[]): Uint8Array => Uint8Array.from(values, (value) => +(value === 2));

type Place = readonly [number, number, number];

function places([nx, ny, nz]: Size): readonly Place[] {
  return Array.from({ length: nx * ny * nz }, (_, index) => [
    index % nx,
    Math.floor(index / nx) % ny,
    Math.floor(index / (nx * ny)),
  ]);
}

/** How many axes lie between two voxels that touch; none for those that don't. */
function touch(a: Place, b: Place): number {
  const steps = a.map((value, axis) => Math.abs(value - b[axis]!));
  return Math.max(...steps) === 1 ? steps.reduce((sum, step) => sum + step, 0) : Infinity;
}

describe('volume kernels', () => {
  it('components: two voxels share a label where a walk over set neighbours joins them, numbered by their first voxel', () => {
    fc.assert(
      fc.property(mask, fc.constantFrom(6 as const, 26 as const), (values, connectivity) => {
        const { labels, count } = labelComponents(set(values), size, connectivity);
        const walked = byWalking(set(values), connectivity === 6 ? 1 : 3);
        expect([...labels]).to.deep.equal(walked);
        expect(count).to.equal(Math.max(0, ...walked));
      }),
      { numRuns: 60 },
    );
  });

  it('dilation sets a voxel where it or a neighbour is set; erosion is the dilation of what is not set', () => {
    const all = places(size);
    fc.assert(
      fc.property(mask, fc.constantFrom(6 as const, 18 as const), (values, neighbours) => {
        const before = set(values);
        const grown = dilated(before, size, neighbours);
        const reach = neighbours === 6 ? 1 : 2;
        all.forEach((place, index) => {
          const near = all.some((other, at) => before[at] === 1 && touch(place, other) <= reach);
          expect(grown[index]).to.equal(before[index] === 1 || near ? 1 : 0);
        });
        const outside = before.map((value) => 1 - value);
        expect(eroded(before, size, neighbours)).to.deep.equal(
          dilated(outside, size, neighbours).map((value) => 1 - value),
        );
      }),
      { numRuns: 20 },
    );
  });

  it('percentiles: those of the sorted values, whatever their signs and sizes', () => {
    fc.assert(
      fc.property(
        fc.array(fc.float({ noNaN: true, noDefaultInfinity: true }), { minLength: 1, maxLength: 60 }),
        fc.array(fc.double({ min: 0, max: 100, noNaN: true }), { minLength: 1, maxLength: 4 }),
        (values, percents) => {
          const sorted = Float32Array.from(values).sort();
          percentiles(Float32Array.from(values), percents).forEach((got, index) => {
            const position = (percents[index]! / 100) * (sorted.length - 1);
            const low = sorted[Math.floor(position)]!;
            const wanted = low + (sorted[Math.ceil(position)]! - low) * (position % 1);
            // 0 and -0 are neighbours in order, and the same
            expect(got + 0).to.equal(wanted + 0);
          });
        },
      ),
    );
    expect(percentiles(new Float32Array(0), [50])).to.deep.equal([NaN]);
  });

  it('a Gaussian keeps what is even, and moves with what it smooths, however long the lines are', () => {
    for (const shape of [
      [3, 2, 1],
      [700, 3, 2],
      [2, 600, 3],
      [5, 4, 500],
      [1100, 300, 1],
    ] as const) {
      const count = shape[0] * shape[1] * shape[2];
      const even = gaussianSmooth(new Float32Array(count).fill(7), shape, 2.2);
      expect(even.every((value) => Math.abs(value - 7) < 1e-5)).to.equal(true);
    }
    const at = (x: number, y: number, z: number): number => x + 41 * (y + 37 * z);
    const impulse = (x: number): Float32Array => {
      const data = new Float32Array(41 * 37 * 33);
      data[at(x, 18, 16)] = 1;
      return gaussianSmooth(data, [41, 37, 33], 1.5);
    };
    const [here, there] = [impulse(20), impulse(23)];
    for (const [dx, dy, dz] of [
      [0, 0, 0],
      [2, 1, -3],
      [-4, 3, 2],
    ] as const)
      expect(here[at(20 + dx, 18 + dy, 16 + dz)]).to.equal(there[at(23 + dx, 18 + dy, 16 + dz)]);
  });

  describe('vesselness', () => {
    const grid: Size = [31, 29, 27];
    const shape = (value: (x: number, y: number, z: number) => number): Float32Array =>
      Float32Array.from(places(grid), ([x, y, z]) => value(x - 15, y - 14, z - 13));
    const tube = shape((x, y) => Math.exp(-(x * x + y * y) / 6));
    const ball = shape((x, y, z) => Math.exp(-(x * x + y * y + z * z) / 6));
    const plate = shape((x) => Math.exp(-(x * x) / 6));
    const middle = 15 + 31 * (14 + 29 * 13);
    const within = new Uint8Array(tube.length).fill(1);

    for (const measure of ['frangi', 'jerman'] as const) {
      const answer = (data: Float32Array, mask = within): Float32Array =>
        vesselness(data, grid, { measure, sigmasVoxels: [1, 1.7], within: mask });

      it(`${measure}: a bright tube answers most in its middle, a dark one and a bright plate hardly`, () => {
        const field = answer(tube);
        expect(field[middle]).to.be.closeTo(measure === 'jerman' ? 1 : (1 - Math.exp(-2)) ** 2, 1e-3);
        expect(field[middle]).to.equal(Math.max(...field));
        expect(answer(tube.map((value) => 1 - value))[middle]).to.equal(0);
        expect(answer(plate)[middle]).to.be.below(0.05);
        if (measure === 'frangi') expect(answer(ball)[middle]).to.be.below(0.3);
      });

      it(`${measure}: nothing is said of what is not asked for, of nothing, nor of grey`, () => {
        const half = within.map((_, index) => +(index % 31 < 10));
        expect(answer(tube, half).every((value, index) => value === 0 || half[index] === 1)).to.equal(true);
        expect(answer(tube, new Uint8Array(tube.length)).every((value) => value === 0)).to.equal(true);
        expect(answer(new Float32Array(tube.length).fill(3)).every((value) => value === 0)).to.equal(true);
      });

      it(`${measure}: brightness and contrast change nothing`, () => {
        const [field, scaled] = [answer(tube), answer(tube.map((value) => 40 * value + 8))];
        expect(Math.max(...field.map((value, index) => Math.abs(value - scaled[index]!)))).to.be.below(2e-3);
      });
    }
  });
});

/** Labels by flooding from each voxel in turn. */
function byWalking(inside: Uint8Array, reach: number): readonly number[] {
  const all = places(size);
  const labels = new Array<number>(inside.length).fill(0);
  let count = 0;
  for (const seed of all.keys()) {
    if (inside[seed] === 0 || labels[seed] !== 0) continue;
    count += 1;
    labels[seed] = count;
    const open = [seed];
    for (let from = open.pop(); from !== undefined; from = open.pop()) {
      for (const [to, place] of all.entries()) {
        if (inside[to] === 0 || labels[to] !== 0 || touch(all[from]!, place) > reach) continue;
        labels[to] = count;
        open.push(to);
      }
    }
  }
  return labels;
}
