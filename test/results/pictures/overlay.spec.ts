import { expect } from 'chai';
import fc from 'fast-check';
import { overlayFrom } from '../../../src/results/pictures/colour.ts';
import { patterned, probabilityOn, reachOf, tinted } from '../../../src/results/pictures/overlay.ts';
import { sampleLinear } from '../../../src/results/pictures/sample.ts';
import { indexToLps, lpsToIndex, type Volume } from '../../../src/volume/index.ts';

/** A small map somewhere in, over or beside a source grid that is turned against it. */
const scene = fc.record({
  angle: fc.double({ min: -0.5, max: 0.5, noNaN: true }),
  shift: fc.tuple(
    fc.double({ min: -12, max: 12, noNaN: true }),
    fc.double({ min: -12, max: 12, noNaN: true }),
    fc.double({ min: -6, max: 6, noNaN: true }),
  ),
  values: fc.array(fc.float({ min: 0, max: 1, noNaN: true }), { minLength: 120, maxLength: 120 }),
  slice: fc.integer({ min: 0, max: 9 }),
});

describe('overlays', () => {
  it('skipping what the map does not reach changes nothing that would show', () => {
    fc.assert(
      fc.property(scene, ({ angle, shift, values, slice }) => {
        const straight = [
          [1, 0, 0],
          [0, 1, 0],
          [0, 0, 1],
        ] as const;
        const turned = [
          [Math.cos(angle), Math.sin(angle), 0],
          [-Math.sin(angle), Math.cos(angle), 0],
          [0, 0, 1],
        ] as const;
        const sparse = Float32Array.from(values, (value) => (value > 0.8 ? value : 0));
        const map: Volume = {
          size: [4, 5, 6],
          spacingMm: [1, 1, 1],
          originLpsMm: shift,
          directions: turned,
          data: sparse,
        };
        const grid: Volume = {
          size: [20, 16, 10],
          spacingMm: [0.8, 0.8, 1.1],
          originLpsMm: [-8, -6, -5],
          directions: straight,
          data: new Float32Array(0),
        };
        const fast = probabilityOn(slice, grid, map, reachOf(map));
        for (let j = 0; j < 16; j += 1) {
          for (let i = 0; i < 20; i += 1) {
            const [x, y, z] = lpsToIndex(map, indexToLps(grid, [i, j, slice]));
            const slow = sampleLinear(map, x, y, z);
            const got = fast.values[j * 20 + i]!;
            if (slow > overlayFrom) expect(got).to.be.closeTo(slow, 1e-4);
            else expect(got).to.be.at.most(overlayFrom + 1e-4);
          }
        }
      }),
    );
  });

  const grey = { width: 20, height: 20, grey: new Uint8Array(400).fill(100) };
  const square = {
    width: 20,
    height: 20,
    values: Float32Array.from({ length: 400 }, (_, pixel) =>
      pixel % 20 >= 8 && pixel % 20 < 14 && pixel >= 160 && pixel < 280 ? 0.9 : 0,
    ),
  };

  it('colour touches only what is probable, and never hides the source wholly', () => {
    const { rgb } = tinted(grey, square);
    for (let pixel = 0; pixel < 400; pixel += 1) {
      const [red, green, blue] = [rgb[pixel * 3]!, rgb[pixel * 3 + 1]!, rgb[pixel * 3 + 2]!];
      if (square.values[pixel] === 0) expect([red, green, blue]).to.deep.equal([100, 100, 100]);
      else expect(red).to.be.greaterThan(blue);
    }
    const darker = tinted({ ...grey, grey: new Uint8Array(400) }, square);
    const inside = (10 * 20 + 10) * 3;
    expect(rgb[inside]! - darker.rgb[inside]!).to.be.greaterThan(30);
  });

  it('without colour: a white contour around it, a black rim around that, stripes inside, the rest untouched', () => {
    const { grey: out } = patterned(grey, square);
    const at = (x: number, y: number): number => out[y * 20 + x]!;
    expect([at(7, 10), at(14, 10), at(10, 7), at(10, 14)]).to.deep.equal([255, 255, 255, 255]);
    expect([at(6, 10), at(15, 10), at(10, 6), at(10, 15)]).to.deep.equal([0, 0, 0, 0]);
    expect([at(5, 10), at(16, 10), at(0, 0)]).to.deep.equal([100, 100, 100]);
    const inside = new Set(
      Array.from({ length: 36 }, (_, index) => at(8 + (index % 6), 8 + Math.floor(index / 6))),
    );
    expect([...inside].sort((a, b) => a - b)).to.deep.equal([0, 100, 255]);
  });
});
