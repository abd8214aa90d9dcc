import { expect } from 'chai';
import fc from 'fast-check';
import { indexToLps, sampleAt, sampleSlice, type Volume } from '../../src/volume/index.ts';

describe('sampling a map on another grid', () => {
  /** Linear in place: trilinear interpolation must give it back exactly. */
  const plane = ([x, y, z]: readonly number[]): number => 2 * x! - 3 * y! + 0.5 * z! + 7;
  const map = filled({
    size: [9, 8, 7],
    spacingMm: [1, 1.5, 2],
    originLpsMm: [-3, 4, 5],
    directions: [
      [0, 1, 0],
      [-1, 0, 0],
      [0, 0, 1],
    ],
  });

  it('gives back a linear field at any point inside, and 0 outside', () => {
    fc.assert(
      fc.property(
        fc.double({ min: 0, max: 8, noNaN: true }),
        fc.double({ min: 0, max: 7, noNaN: true }),
        fc.double({ min: 0, max: 6, noNaN: true }),
        (i, j, k) => {
          expect(sampleAt(map, [i, j, k])).to.be.closeTo(plane(indexToLps(map, [i, j, k])), 1e-4);
          expect(sampleAt(map, [-0.01 - i, j, k])).to.equal(0);
          expect(sampleAt(map, [i, j, 6.01 + k])).to.equal(0);
        },
      ),
    );
  });

  it('a slice holds the field at the middle of each of its pixels', () => {
    const grid = {
      size: [4, 3, 2] as const,
      spacingMm: [0.5, 0.5, 1] as const,
      originLpsMm: indexToLps(map, [3, 3, 2]),
      directions: map.directions,
    };
    const slice = sampleSlice(map, grid, 1);
    slice.forEach((value, pixel) =>
      expect(value).to.be.closeTo(plane(indexToLps(grid, [pixel % 4, Math.floor(pixel / 4), 1])), 1e-4),
    );
  });

  it('works on a map of a single slice', () => {
    const flat = filled({ ...map, size: [9, 8, 1] });
    expect(sampleAt(flat, [4.5, 3.5, 0])).to.be.closeTo(plane(indexToLps(flat, [4.5, 3.5, 0])), 1e-4);
  });

  function filled(grid: Omit<Volume, 'data'>): Volume {
    const [nx, ny, nz] = grid.size;
    const data = Float32Array.from({ length: nx * ny * nz }, (_, index) =>
      plane(indexToLps(grid, [index % nx, Math.floor(index / nx) % ny, Math.floor(index / (nx * ny))])),
    );
    return { ...grid, data };
  }
});
