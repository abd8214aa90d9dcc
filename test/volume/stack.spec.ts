import { expect } from 'chai';
import fc from 'fast-check';
import {
  checkStack,
  indexToLps,
  lpsToIndex,
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
    const leaning = stack(20).map((one, index) => ({
      ...one,
      imagePositionPatient: [-100, -100 + index * 0.1, one.imagePositionPatient[2]] as const,
    }));
    expect(reason(leaning)).to.equal('GANTRY_TILT');
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
