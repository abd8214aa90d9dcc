import { readFileSync } from 'node:fs';
import path from 'node:path';
import { expect } from 'chai';
import { headImage } from '../../src/pipelines/index.ts';
import {
  applied,
  indexToLps,
  loadVolume,
  readNifti,
  registerByArteries,
  resampleIsotropic,
  toLpsOrientation,
  type HeadImage,
  type RigidTransform,
  type Volume,
} from '../../src/volume/index.ts';
import { angleDegrees } from '../../src/volume/registration/rigid.ts';
import { headMove, movedHead } from '../support/moved-head.ts';
import { sampleInstances } from '../support/sample.ts';
import { needsSharedData, sharedData } from '../support/shared-data.ts';

type Numbers = readonly [number, number, number];

const moves: readonly (readonly [degrees: Numbers, shiftMm: Numbers])[] = [
  [
    [3, -2, 4],
    [5, -3, 6],
  ],
  [
    [15, -10, -15],
    [20, 10, 15],
  ],
  [
    [0, 0, 0],
    [40, -40, 20],
  ],
];

describe('registration by arteries', function () {
  this.timeout(120_000);
  let phantom: Volume;
  before(async () => {
    phantom = toLpsOrientation((await loadVolume(sampleInstances())).volume);
  });

  it('finds how a phantom head was moved, within 0.5 mm and 0.5 degrees wherever an aneurysm may lie', () => {
    for (const [degrees, shiftMm] of moves)
      expectRecovered(phantom, headOf, headMove(phantom, degrees, shiftMm));
  });

  it('finds how a real head was moved', function () {
    needsSharedData(this);
    const real = realHead();
    for (const [degrees, shiftMm] of moves) expectRecovered(real, cutOut, headMove(real, degrees, shiftMm));
  });

  it('refuses another head rather than telling a wrong move', function () {
    needsSharedData(this);
    const [one, other] = [headOf(phantom), cutOut(realHead())];
    for (const registration of [registerByArteries(one, other), registerByArteries(other, one)]) {
      expect(registration.kind).to.equal('refused');
      expect(registration)
        .to.have.property('why')
        .that.matches(/cannot be laid on each other \(agreement/);
    }
  });

  it('refuses a head turned inside out, which no rigid move makes', () => {
    const [nx, ny, nz] = phantom.size;
    const mirrored = phantom.data.map(
      (_, index) => phantom.data[(index % (nx * ny)) + nx * ny * (nz - 1 - Math.floor(index / (nx * ny)))]!,
    );
    const registration = registerByArteries(headOf(phantom), headOf({ ...phantom, data: mirrored }));
    expect(registration.kind).to.equal('refused');
  });

  it('refuses images without arteries', () => {
    const flat = { ...phantom, data: phantom.data.map((value) => Math.min(value, 130)) };
    expect(registerByArteries(headOf(phantom), headOf(flat)).kind).to.equal('refused');
  });

  it('gives the same answer twice, and the way back is the way there', () => {
    const head = headOf(phantom);
    const other = headOf(movedHead(phantom, headMove(phantom, [4, 3, -5], [3, 4, -6])));
    const there = registerByArteries(head, other);
    expect(registerByArteries(head, other)).to.deep.equal(there);
    const back = registerByArteries(other, head);
    if (there.kind === 'refused' || back.kind === 'refused') throw new Error('refused');
    const point = [10, -20, 5] as const;
    const again = applied(back.toCurrent, applied(there.toCurrent, point));
    expect(Math.hypot(...again.map((mm, axis) => mm - point[axis]!))).to.be.below(0.3);
  });
});

function expectRecovered(volume: Volume, image: (volume: Volume) => HeadImage, move: RigidTransform): void {
  const registration = registerByArteries(image(volume), image(movedHead(volume, move)));
  if (registration.kind === 'refused') throw new Error(registration.why);
  const { toCurrent } = registration;
  const [nx, ny, nz] = volume.size;
  const shares = [0.3, 0.7].flatMap((x) =>
    [0.3, 0.7].flatMap((y) => [0.1, 0.9].map((z) => [x, y, z] as const)),
  );
  const errorsMm = shares.map(([x, y, z]) => {
    const point = indexToLps(volume, [x * nx, y * ny, z * nz]);
    const [was, is] = [applied(move, point), applied(toCurrent, point)];
    return Math.hypot(was[0] - is[0], was[1] - is[1], was[2] - is[2]);
  });
  expect(Math.max(...errorsMm)).to.be.below(0.5);
  expect(angleDegrees(move.rotation, toCurrent.rotation)).to.be.below(0.5);
}

function headOf(volume: Volume): HeadImage {
  return headImage('tof-patch', volume)!;
}

/** Vessels cut out of a real head: all of the images count as its inside. */
function cutOut(volume: Volume): HeadImage {
  const image = resampleIsotropic(volume, 1);
  return { image, inside: new Uint8Array(image.data.length).fill(1) };
}

function realHead(): Volume {
  const file = path.join(sharedData, 'tof_mra', 'niivue_chris_MRA', 'chris_MRA.nii.gz');
  return toLpsOrientation(readNifti(readFileSync(file)));
}
