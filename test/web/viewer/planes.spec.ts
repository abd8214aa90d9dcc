import { expect } from 'chai';
import fc from 'fast-check';
import { encodeNifti, type Volume } from '../../../src/volume/index.ts';
import {
  inside,
  readGrid,
  toLpsMm,
  toVoxel,
  type Grid,
  type Triple,
} from '../../../src/web/ui/viewer/grid.ts';
import { paintMap, paintPlane, planes, type PlaneName } from '../../../src/web/ui/viewer/plane.ts';
import { reduce } from '../../../src/web/ui/viewer/shrink.ts';

const size = [9, 7, 5] as const;
const count = size[0] * size[1] * size[2];

/** A stack as some scanner stores it: axes in any order and direction, tilted by up to 20 degrees. */
const stacks = fc
  .record({
    order: fc.constantFrom([0, 1, 2], [0, 2, 1], [1, 0, 2], [1, 2, 0], [2, 0, 1], [2, 1, 0]),
    signs: fc.tuple(...Array.from({ length: 3 }, () => fc.constantFrom(-1, 1))),
    tilt: fc.double({ min: -0.35, max: 0.35, noNaN: true }),
    values: fc.array(fc.integer({ min: -1000, max: 1000 }), { minLength: count, maxLength: count }),
  })
  .map(({ order, signs, tilt, values }): Volume => {
    const [cos, sin] = [Math.cos(tilt), Math.sin(tilt)];
    const turned = [
      [1, 0, 0],
      [0, cos, sin],
      [0, -sin, cos],
    ] as const;
    const axis = (stored: number): Triple => {
      const [x, y, z] = turned[order[stored]!];
      const sign = signs[stored]!;
      return [x * sign, y * sign, z * sign];
    };
    return {
      size,
      spacingMm: [0.5, 0.6, 1.1],
      directions: [axis(0), axis(1), axis(2)],
      originLpsMm: [-12, 30, 7],
      data: Float32Array.from(values),
    };
  });

const gridOf = (volume: Volume): Grid =>
  readGrid(encodeNifti(volume, 'integers', { low: 0, high: 100 }).buffer as ArrayBuffer);

const valueAt = ({ values, first, strides }: Grid, [i, j, k]: Triple): number =>
  values[first + i * strides[0] + j * strides[1] + k * strides[2]]!;

const placeOf = (volume: Volume, voxel: readonly number[]): Triple => {
  const at = (row: 0 | 1 | 2): number =>
    volume.directions.reduce(
      (sum, axis, index) => sum + axis[row] * voxel[index]! * volume.spacingMm[index]!,
      volume.originLpsMm[row],
    );
  return [at(0), at(1), at(2)];
};

describe('planes of the viewer', () => {
  it('every voxel keeps its value and its place in the patient, however the stack is stored', () => {
    fc.assert(
      fc.property(stacks, fc.nat(count - 1), (volume, index) => {
        const grid = gridOf(volume);
        const voxel = [index % 9, Math.floor(index / 9) % 7, Math.floor(index / 63)];
        const place = placeOf(volume, voxel);
        const found = inside(grid, toVoxel(grid, place));
        expect(valueAt(grid, found)).to.equal(volume.data[index]);
        toLpsMm(grid, found).forEach((mm, axis) => expect(mm).to.be.closeTo(place[axis]!, 1e-4));
      }),
    );
  });

  it('left is on the right, anterior above or left, superior above', () => {
    const wanted: Readonly<Record<PlaneName, readonly [Triple, Triple]>> = {
      // what lies along a row to the right, what lies down a column
      axial: [
        [1, 0, 0],
        [0, 1, 0],
      ],
      coronal: [
        [1, 0, 0],
        [0, 0, -1],
      ],
      sagittal: [
        [0, 1, 0],
        [0, 0, -1],
      ],
    };
    fc.assert(
      fc.property(stacks, fc.constantFrom('axial', 'coronal', 'sagittal'), (volume, name: PlaneName) => {
        const grid = gridOf(volume);
        const axes = planes[name];
        for (const [step, towards] of wanted[name].entries()) {
          const [fromX, fromY] = brightPixel(grid, name, [1, 1, 1]);
          const voxel: [number, number, number] = [1, 1, 1];
          voxel[step === 0 ? axes.across : axes.down] += 2;
          const [toX, toY] = brightPixel(grid, name, voxel);
          const moved = step === 0 ? toX - fromX : toY - fromY;
          const [from, to] = [toLpsMm(grid, [1, 1, 1]), toLpsMm(grid, voxel)];
          const along = to.reduce((sum, mm, axis) => sum + (mm - from[axis]!) * towards[axis]!, 0);
          expect(Math.sign(moved)).to.equal(Math.sign(along));
        }
      }),
    );
  });

  it('a map on another grid lies over the place it speaks of, to half a voxel', () => {
    const source = gridOf(ramp([24, 20, 16], [0.5, 0.5, 0.8], [-3, -4, 2]));
    const hot = [4, 3, 5] as const;
    const map = ramp([9, 8, 9], [1.3, 1.4, 1.2], [-2.4, -3.6, 2.2]);
    const data = new Float32Array(map.data.length);
    data[hot[0] + 9 * (hot[1] + 8 * hot[2])] = 1;
    const file = encodeNifti({ ...map, data }, 'unit-bytes').buffer as ArrayBuffer;
    const place = placeOf(map, hot);
    const [x, y, z] = toVoxel(source, place);
    const picture = paintPlane(source, planes.axial, Math.round(z), { low: 1e6, high: 2e6 });
    const plane = { grid: source, axes: planes.axial, index: Math.round(z) };
    paintMap(picture, plane, readGrid(file), { threshold: 0.2, opacity: 1 });
    let [sum, sumX, sumY] = [0, 0, 0];
    for (let at = 0; at < picture.width * picture.height; at += 1) {
      // the hotter the yellower; what is below the threshold stays black
      const heat = picture.rgba[at * 4 + 1]!;
      sum += heat;
      sumX += heat * (at % picture.width);
      sumY += heat * Math.floor(at / picture.width);
    }
    expect(sumX / sum).to.be.closeTo(x, 0.5);
    expect(sumY / sum).to.be.closeTo(y, 0.5);
  });

  it('the reduced volume keeps the brightest voxel, within a block of its place', () => {
    fc.assert(
      fc.property(stacks, fc.integer({ min: 4, max: count }), (volume, most) => {
        const grid = { ...gridOf(volume), window: { low: -1000, high: 1000 } };
        const reduced = reduce(grid, most);
        expect(reduced.values.length).to.be.at.most(most);
        const [nx, ny] = reduced.size;
        reduced.values.forEach((value, index) => {
          const block = [index % nx, Math.floor(index / nx) % ny, Math.floor(index / (nx * ny))];
          let brightest = -Infinity;
          for (let at = 0; at < reduced.factors[0] * reduced.factors[1] * reduced.factors[2]; at += 1) {
            const [fx, fy] = reduced.factors;
            const inBlock = [at % fx, Math.floor(at / fx) % fy, Math.floor(at / (fx * fy))];
            const [i, j, k] = block.map((n, axis) => n * reduced.factors[axis]! + inBlock[axis]!);
            brightest = Math.max(brightest, valueAt(grid, [i!, j!, k!]));
          }
          expect(value).to.equal(Math.floor(((brightest + 1000) / 2000) * 255));
        });
      }),
      { numRuns: 30 },
    );
  });
});

/** Where a voxel is seen in its plane, pixels from the left and the top. */
function brightPixel(grid: Grid, name: PlaneName, voxel: Triple): readonly [number, number] {
  const values = grid.values.slice().fill(0);
  const { first, strides } = grid;
  values[first + voxel[0] * strides[0] + voxel[1] * strides[1] + voxel[2] * strides[2]] = 1000;
  const axes = planes[name];
  const picture = paintPlane({ ...grid, values }, axes, voxel[axes.through], { low: 0, high: 1000 });
  const at = picture.rgba.findIndex((value, index) => index % 4 === 0 && value > 0) / 4;
  return [at % picture.width, Math.floor(at / picture.width)];
}

function ramp(shape: Triple, spacingMm: Triple, originLpsMm: Triple): Volume {
  const data = Float32Array.from({ length: shape[0] * shape[1] * shape[2] }, (_, index) => index % 100);
  const directions = [
    [1, 0, 0],
    [0, 1, 0],
    [0, 0, 1],
  ] as const;
  return { size: shape, spacingMm, originLpsMm, directions, data };
}
