import { expect } from 'chai';
import { activationOf, overlapWith, trueMask } from '../../src/evaluation/index.ts';
import type { Volume } from '../../src/volume/index.ts';

describe('true masks', () => {
  const volume = (values: (x: number) => number, spacing = 1): Volume => ({
    size: [12, 4, 4],
    spacingMm: [spacing, 1, 1],
    originLpsMm: [0, 0, 0],
    directions: [
      [1, 0, 0],
      [0, 1, 0],
      [0, 0, 1],
    ],
    data: Float32Array.from({ length: 192 }, (_, index) => values(index % 12)),
  });
  const ones = ({ data, ...grid }: Volume): { grid: Omit<Volume, 'data'>; inside: Uint8Array } => ({
    grid,
    inside: Uint8Array.from(data),
  });

  it('treated aneurysms are taken out of both sides', () => {
    const labels = volume((x) => (x < 3 ? 1 : x > 8 ? 2 : 0));
    const found = ones(volume((x) => (x < 3 || x > 8 ? 1 : 0)));
    expect(overlapWith(trueMask(labels, 2), found).dice).to.equal(1);
    expect(overlapWith(trueMask(labels, undefined), found).dice).to.equal(1);
    const untreatedOnly = ones(volume((x) => (x < 3 ? 1 : 0)));
    expect(overlapWith(trueMask(labels, 2), untreatedOnly).dice).to.equal(1);
    expect(overlapWith(trueMask(labels, undefined), untreatedOnly).dice).to.be.below(0.7);
  });

  it('nothing found is an empty mask: no overlap where something is, no figure where nothing is', () => {
    expect(overlapWith(trueMask(volume(Number), undefined), null).dice).to.equal(0);
    expect(
      overlapWith(
        trueMask(
          volume(() => 0),
          undefined,
        ),
        null,
      ).dice,
    ).to.be.NaN;
  });

  it('a map on another grid is judged where it lies in the patient', () => {
    const truth = trueMask(
      volume((x) => (x >= 8 ? 1 : 0)),
      undefined,
    );
    // half the steps of the truth's grid: this map ends at 5.5 mm, before the truth begins
    const near = volume((x) => (x === 11 ? 0.9 : 0), 0.5);
    expect(activationOf(near, truth).iou).to.equal(0);
    const wide = activationOf(
      volume((x) => (x >= 8 ? 0.9 : 0.2)),
      truth,
    );
    expect(wide.iou).to.equal(1);
    expect(wide.peak).to.be.closeTo(0.9, 1e-6);
    expect(wide.peakLpsMm[0]).to.equal(8);
    expect(
      activationOf(
        volume(() => 0),
        truth,
      ).iou,
    ).to.be.NaN;
  });
});
