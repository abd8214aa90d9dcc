import { expect } from 'chai';
import fc from 'fast-check';
import {
  describeSite,
  leftOfMidlineMm,
  midsagittal,
  type Midsagittal,
  type PointLpsMm,
} from '../../src/findings/index.ts';
import { applied, indexToLps, inverse, type RigidTransform, type Volume } from '../../src/volume/index.ts';
import { turnedAbout } from '../../src/volume/registration/rigid.ts';

const centre = [3, -20, 40] as const;
const step = 6;
const size = [40, 44, 14] as const;

/** A slab of head images, and the head in it: wider behind than in front, with a nose, its middle where x is 3 mm. */
function headIn(degrees: readonly [number, number, number]): { grid: Volume; mask: Uint8Array } {
  const corner = centre.map((at, axis) => at - ((size[axis]! - 1) / 2) * step) as unknown as PointLpsMm;
  const data = new Float32Array(size[0] * size[1] * size[2]);
  const grid: Volume = {
    ...{ size, spacingMm: [step, step, step], originLpsMm: corner, data },
    directions: [
      [1, 0, 0],
      [0, 1, 0],
      [0, 0, 1],
    ],
  };
  const back = inverse(turn(degrees));
  const mask = Uint8Array.from(data, (_, index) => {
    const place = indexToLps(grid, [
      index % size[0],
      Math.floor(index / size[0]) % size[1],
      Math.floor(index / (size[0] * size[1])),
    ]);
    const [x, y, z] = applied(back, place).map((value, axis) => value - centre[axis]!) as [
      number,
      number,
      number,
    ];
    const isNose = Math.abs(x) < 12 && y < -80 && y > -108 && z < 0;
    const width = 72 + y / 20;
    return isNose || (x / width) ** 2 + (y / 93) ** 2 + (z / 130) ** 2 < 1 ? 1 : 0;
  });
  return { grid, mask };
}

function turn([pitch, roll, yaw]: readonly [number, number, number]): RigidTransform {
  const radians = [pitch, roll, yaw].map((value) => (value * Math.PI) / 180) as [number, number, number];
  return turnedAbout(centre, radians, [0, 0, 0]);
}

/** As if the scanner had been told another orientation: the same pixels, the whole header turned. */
function withHeaderTurned(grid: Volume, move: RigidTransform): Volume {
  const axes = { ...move, translationMm: [0, 0, 0] } as const;
  return {
    ...grid,
    originLpsMm: applied(move, grid.originLpsMm),
    directions: grid.directions.map((axis) => applied(axes, axis)) as unknown as Volume['directions'],
  };
}

const sideAt = (place: PointLpsMm, plane: Midsagittal) => describeSite(place, plane).laterality;
const offset = fc.double({ min: -60, max: 60, noNaN: true });
const angle = fc.double({ min: -20, max: 20, noNaN: true });
const places = fc.tuple(offset, offset, offset).map((by) => centre.map((at, axis) => at + by[axis]!));

describe('the mid-sagittal plane', () => {
  const straight = headIn([0, 0, 0]);
  const plane = midsagittal(straight.grid, straight.mask);

  it('of straight images is where x is the middle of the head', () => {
    fc.assert(
      fc.property(places, (place) => {
        const left = leftOfMidlineMm(plane, place as unknown as PointLpsMm);
        expect(left).to.be.closeTo(place[0]! - centre[0], 1e-9);
      }),
    );
  });

  it('turns with the images: yaw, roll and pitch, either way, change neither side nor distance', () => {
    fc.assert(
      fc.property(angle, angle, angle, places, (pitch, roll, yaw, at) => {
        const move = turn([pitch, roll, yaw]);
        const turned = midsagittal(withHeaderTurned(straight.grid, move), straight.mask);
        const place = at as unknown as PointLpsMm;
        const there = applied(move, place);
        expect(leftOfMidlineMm(turned, there)).to.be.closeTo(leftOfMidlineMm(plane, place), 1e-6);
        expect(sideAt(there, turned)).to.equal(sideAt(place, plane));
      }),
      { numRuns: 30 },
    );
  });

  it('of a head turned in straight images tells no wrong side, and that of what lies far to a side', () => {
    const far = fc.constantFrom(-45, 45);
    const near = fc.constantFrom(-8, 8);
    const back = fc.double({ min: -60, max: 60, noNaN: true });
    const turning = fc.oneof(
      fc.record({ yaw: fc.double({ min: -25, max: 25, noNaN: true }), roll: fc.constant(0) }),
      fc.record({ yaw: fc.constant(0), roll: fc.double({ min: -15, max: 15, noNaN: true }) }),
    );
    fc.assert(
      fc.property(turning, fc.oneof(far, near), back, ({ yaw, roll }, left, behind) => {
        const { grid, mask } = headIn([0, roll, yaw]);
        const place = applied(turn([0, roll, yaw]), [centre[0] + left, centre[1] + behind, centre[2]]);
        const told = sideAt(place, midsagittal(grid, mask));
        const truth = left > 0 ? 'left' : 'right';
        expect(told).to.be.oneOf(Math.abs(left) === 45 ? [truth] : [truth, null]);
      }),
      { numRuns: 20 },
    );
  });

  it('of a head that its images cut off at every side lies across their rows', () => {
    const { grid } = straight;
    const all = new Uint8Array(grid.data.length).fill(1);
    const { ofImages, ofHead } = midsagittal(grid, all);
    expect(ofHead.leftLps.map((value) => value + 0)).to.deep.equal(ofImages.leftLps);
  });
});
