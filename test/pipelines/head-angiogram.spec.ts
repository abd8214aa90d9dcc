import { expect } from 'chai';
import { angiogramProblem } from '../../src/pipelines/head-angiogram.ts';
import { headMask, type Volume } from '../../src/volume/index.ts';

const size = [100, 110, 20] as const;

type Body = (x: number, y: number) => number;

/** A body along z; mm from the middle. */
function images(of: Body, spacingMm = 2): Volume {
  const data = Float32Array.from({ length: size[0] * size[1] * size[2] }, (_, index) => {
    const x = ((index % size[0]) - size[0] / 2) * spacingMm;
    const y = ((Math.floor(index / size[0]) % size[1]) - size[1] / 2) * spacingMm;
    return of(x, y) + ((index * 7919) % 13);
  });
  return {
    ...{ size, data, spacingMm: [spacingMm, spacingMm, spacingMm], originLpsMm: [0, 0, 0] },
    directions: [
      [1, 0, 0],
      [0, 1, 0],
      [0, 0, 1],
    ],
  };
}

function told(volume: Volume): string | null {
  const mask = headMask(volume, { relativeThreshold: 0.1, referencePercentile: 99 });
  return angiogramProblem(volume, mask, 'bundle')?.code ?? null;
}

const isArtery: (x: number, y: number) => boolean = (x, y) =>
  [-20, 0, 20].some((at) => Math.hypot(x - at, y) < 4);
const head: Body = (x, y) => (Math.hypot(x / 72, y / 90) > 1 ? 5 : isArtery(x, y) ? 700 : 250);

describe('a TOF series that is no angiogram of a head', () => {
  it('a head with arteries is none, be it cut off at the sides', () => {
    expect(told(images(head))).to.equal(null);
    expect(told(images(head, 1.2))).to.equal(null);
  });

  it('a body without arteries: a phantom', () => {
    expect(told(images((x, y) => (Math.hypot(x, y) < 80 ? 300 : 5)))).to.equal('VESSELS_NOT_FOUND');
  });

  it('a knee or a leg, which is whole in the images and too small', () => {
    const knee: Body = (x, y) => (Math.hypot(x, y) > 60 ? 5 : isArtery(x, y) ? 700 : 250);
    expect(told(images(knee))).to.equal('HEAD_NOT_FOUND');
    const legs: Body = (x, y) => (Math.hypot(Math.abs(x) - 48, y) > 42 ? 5 : isArtery(x, y) ? 700 : 250);
    expect(told(images(legs))).to.equal('HEAD_NOT_FOUND');
  });
});
