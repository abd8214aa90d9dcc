import { expect } from 'chai';
import fc from 'fast-check';
import {
  checkStack,
  indexToLps,
  lpsToIndex,
  planeDistanceMm,
  toLpsOrientation,
  type FrameGeometry,
  type Volume,
} from '../../src/volume/index.ts';

function frame(z: number, changes: Partial<FrameGeometry> = {}): FrameGeometry {
  return {
    sopInstanceUid: `1.${Math.round(z * 1000)}`,
    sopClassUid: '1.2.840.10008.5.1.4.1.1.4',
    frameNumber: null,
    sourceSopInstanceUid: `1.${Math.round(z * 1000)}`,
    imagePositionPatient: [-100, -100, z],
    imageOrientationPatient: [1, 0, 0, 0, 1, 0],
    pixelSpacing: [0.5, 0.5],
    rows: 10,
    columns: 10,
    frameOfReferenceUid: '1.2',
    temporalIndex: 0,
    ...changes,
  };
}

const stack = (n: number, spacing = 0.7): FrameGeometry[] =>
  Array.from({ length: n }, (_, index) => frame(-30 + index * spacing));
/** Each slice moved along its columns by so many mm more than the one below. */
const leaning = (mm: number): FrameGeometry[] =>
  stack(20).map((one, index) => ({
    ...one,
    imagePositionPatient: [-100, -100 + index * mm, one.imagePositionPatient[2]] as const,
  }));
const reason = (frames: readonly FrameGeometry[], expected?: number): string => {
  const outcome = checkStack(frames, expected);
  return outcome.kind === 'stack' ? 'stack' : outcome.reason.code;
};

describe('checkStack', () => {
  it('orders slices along their normal whatever order they come in', () => {
    fc.assert(
      fc.property(fc.shuffledSubarray(stack(30), { minLength: 30 }), (shuffled) => {
        const outcome = checkStack(shuffled);
        expect(outcome.kind).to.equal('stack');
        if (outcome.kind === 'stack') expect(outcome.frames).to.deep.equal(stack(30));
      }),
    );
  });

  it('never takes a stack with any inner slice missing', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 5, max: 60 }),
        fc.nat(),
        fc.double({ min: 0.3, max: 5, noNaN: true }),
        (n, seed, spacing) => {
          const gone = 1 + (seed % (n - 2));
          expect(reason(stack(n, spacing).filter((_, index) => index !== gone))).to.be.oneOf([
            'SLICE_GAP',
            'UNEVEN_SPACING',
          ]);
        },
      ),
    );
  });

  it('tells what is wrong', () => {
    expect(reason([])).to.equal('NO_GEOMETRY');
    expect(reason(stack(1))).to.equal('TOO_FEW_SLICES');
    expect(reason([...stack(20), frame(-30 + 3 * 0.7)])).to.equal('DUPLICATE_POSITION');
    expect(reason([...stack(20), ...stack(20)])).to.equal('SEVERAL_VOLUMES');
    expect(reason([...stack(20), frame(-16, { rows: 12 })])).to.equal('MIXED_MATRIX');
    expect(reason(stack(20), 24)).to.equal('MISSING_SLICES');
    expect(reason(stack(20), 20)).to.equal('stack');
    expect(reason(stack(2001))).to.equal('TOO_MANY_SLICES');
    expect(reason(leaning(0.6))).to.equal('GANTRY_TILT');
  });

  it('never takes a stack of which any slices were moved sideways, be it half of them', () => {
    const some = fc.array(fc.boolean(), { minLength: 30, maxLength: 30 });
    const far = fc.oneof(
      fc.double({ min: 1, max: 40, noNaN: true }),
      fc.double({ min: -40, max: -1, noNaN: true }),
    );
    fc.assert(
      fc.property(some, far, fc.double({ min: 0, max: 2, noNaN: true }), (moved, mm, lean) => {
        fc.pre(new Set(moved).size === 2);
        const displaced = stack(30).map((one, index) => ({
          ...one,
          imagePositionPatient: [
            -100 + (moved[index]! ? mm : 0),
            -100 + index * 0.1 * lean,
            one.imagePositionPatient[2],
          ] as const,
        }));
        expect(reason(displaced)).to.equal('SLICES_DISPLACED');
      }),
    );
  });

  it('takes positions rounded to tenths of a millimetre, straight or leaning', () => {
    for (const lean of [0, 0.03, 0.17]) {
      const rounded = leaning(lean).map((one) => ({
        ...one,
        imagePositionPatient: [
          one.imagePositionPatient[0],
          Math.round(one.imagePositionPatient[1] * 10) / 10,
          one.imagePositionPatient[2],
        ] as const,
      }));
      expect(reason(rounded)).to.equal('stack');
    }
  });

  it('takes no slices of two Frames of Reference; where some name none, those count that do', () => {
    const two = stack(20).map((one, index) => ({ ...one, frameOfReferenceUid: index < 10 ? '1.2' : '1.3' }));
    expect(reason(two)).to.equal('MIXED_FRAME_OF_REFERENCE');
    const some = stack(20).map((one, index) => ({ ...one, frameOfReferenceUid: index < 10 ? '1.2' : '' }));
    expect(reason(some)).to.equal('stack');
  });

  it('tells the tilt of a gantry, which a pipeline may read or not', () => {
    const outcome = checkStack(leaning(0.1));
    if (outcome.kind !== 'stack') expect.fail('no stack');
    expect(outcome.tiltDegrees).to.be.closeTo((Math.atan(0.1 / 0.7) * 180) / Math.PI, 1e-6);
    expect(checkStack(stack(20))).to.include({ kind: 'stack', tiltDegrees: 0 });
  });

  it('takes an oblique stack that is not sheared', () => {
    const [c, s] = [Math.cos(0.3), Math.sin(0.3)];
    const oblique = stack(20).map((one, index) => ({
      ...one,
      imageOrientationPatient: [1, 0, 0, 0, c, s] as const,
      imagePositionPatient: [-100, -100 - s * index * 0.7, c * index * 0.7] as const,
    }));
    const outcome = checkStack(oblique);
    expect(outcome).to.include({ kind: 'stack', orientation: 'axial' });
    if (outcome.kind === 'stack') expect(outcome.obliqueDegrees).to.be.closeTo((0.3 * 180) / Math.PI, 1e-6);
  });
});

describe('a sheared grid', () => {
  const unit = fc.double({ min: -1, max: 1, noNaN: true });

  it('places and indices are each other turned round, whatever the tilt, and planes keep their distance', () => {
    fc.assert(
      fc.property(fc.double({ min: 0, max: 0.6, noNaN: true }), unit, unit, unit, (tilt, i, j, k) => {
        const grid = {
          size: [10, 10, 10] as const,
          spacingMm: [0.5, 0.6, 5] as const,
          originLpsMm: [-20, 30, 40] as const,
          // rows are tilted about x, the table moves along z
          directions: [
            [1, 0, 0],
            [0, Math.cos(tilt), Math.sin(tilt)],
            [0, 0, 1],
          ] as const,
        };
        const index = [10 * i, 10 * j, 10 * k] as const;
        lpsToIndex(grid, indexToLps(grid, index)).forEach((value, axis) =>
          expect(value).to.be.closeTo(index[axis]!, 1e-9),
        );
        expect(planeDistanceMm(grid)).to.be.closeTo(5 * Math.cos(tilt), 1e-9);
        const volume: Volume = { ...grid, data: Float32Array.from({ length: 1000 }, (_, at) => at) };
        const turned = toLpsOrientation({
          ...volume,
          directions: [[-1, 0, 0], grid.directions[1], [0, 0, -1]],
        });
        expect(turned.directions[2]).to.deep.equal([-0, -0, 1]);
      }),
    );
  });
});

describe('LPS orientation', () => {
  const axis = fc.constantFrom<[number, number, number]>(
    [1, 0, 0],
    [-1, 0, 0],
    [0, 1, 0],
    [0, -1, 0],
    [0, 0, 1],
    [0, 0, -1],
  );
  const orthogonal = fc
    .tuple(axis, axis, axis)
    .filter(([a, b, c]) =>
      [a, b, c].every((one, i, all) =>
        all.every((other, j) => i === j || one.every((v, k) => v * other[k]! === 0)),
      ),
    );

  it('moves no voxel in the patient', () => {
    fc.assert(
      fc.property(orthogonal, (directions) => {
        const volume: Volume = {
          size: [3, 4, 5],
          spacingMm: [0.5, 0.7, 1.1],
          originLpsMm: [10, -20, 30],
          directions,
          data: Float32Array.from({ length: 60 }, (_, index) => index),
        };
        const turned = toLpsOrientation(volume);
        expect(turned.directions.map((row) => row.map((v) => v + 0))).to.deep.equal([
          [1, 0, 0],
          [0, 1, 0],
          [0, 0, 1],
        ]);
        for (let index = 0; index < 60; index += 1) {
          const place = indexToLps(volume, [index % 3, Math.floor(index / 3) % 4, Math.floor(index / 12)]);
          const [i, j, k] = lpsToIndex(turned, place).map(Math.round);
          expect(turned.data[i! + turned.size[0] * (j! + turned.size[1] * k!)]).to.equal(index);
        }
      }),
    );
  });
});
