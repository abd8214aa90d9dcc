import { expect } from 'chai';
import { seededRandom } from '../../src/evaluation/intervals.ts';
import { correctBias, type Volume } from '../../src/volume/index.ts';
import { evaluateLattice, fitLattice, gridPositions, refineLattice } from '../../src/volume/bias/lattice.ts';

describe('N4 bias correction', () => {
  const size = [48, 40, 24] as const;
  const tissues = [100, 160, 240];
  const tissueAt = (index: number): number => {
    const [x, y, z] = [index % 48, Math.floor(index / 48) % 40, Math.floor(index / (48 * 40))];
    return (Math.floor(x / 8) + Math.floor(y / 8) + Math.floor(z / 6)) % 3;
  };
  const fieldAt = (index: number): number => {
    const [x, y] = [index % 48, Math.floor(index / 48) % 40];
    return Math.exp(0.35 * Math.sin((2.5 * x) / 48) - 0.3 * (y / 40));
  };
  const random = seededRandom(3);
  const clean = Float32Array.from(
    { length: 48 * 40 * 24 },
    (_, index) => tissues[tissueAt(index)]! * (1 + 0.02 * (random() - 0.5)),
  );
  const mask = new Uint8Array(clean.length).fill(1);
  const volumeOf = (data: Float32Array): Volume => ({
    size,
    spacingMm: [1, 1, 1],
    originLpsMm: [0, 0, 0],
    directions: [
      [1, 0, 0],
      [0, 1, 0],
      [0, 0, 1],
    ],
    data,
  });
  /** Mean over tissues of the coefficient of variation within them. */
  const variation = (data: Float32Array): number => {
    const each = tissues.map((_, tissue) => {
      const values = data.filter((_, index) => tissueAt(index) === tissue);
      const mean = values.reduce((sum, value) => sum + value, 0) / values.length;
      return Math.sqrt(values.reduce((sum, value) => sum + (value - mean) ** 2, 0) / values.length) / mean;
    });
    return each.reduce((sum, value) => sum + value, 0) / each.length;
  };

  it('flattens each tissue to little above its noise', () => {
    const biased = clean.map((value, index) => value * fieldAt(index));
    const corrected = correctBias(volumeOf(biased), mask, {
      shrink: 2,
      levels: 3,
      iterationsPerLevel: 50,
      convergence: 0.001,
    });
    expect(variation(biased)).to.be.above(0.12);
    expect(variation(corrected.data)).to.be.below(0.02);
  });

  it('leaves a volume without a voxel above zero as it is', () => {
    const empty = volumeOf(new Float32Array(clean.length));
    expect(correctBias(empty, mask)).to.equal(empty);
    expect(correctBias(volumeOf(clean), new Uint8Array(clean.length)).data).to.equal(clean);
  });

  it('refines a lattice without moving its field', () => {
    const values = Float64Array.from({ length: 48 * 40 * 24 }, (_, index) => Math.log(fieldAt(index)));
    const lattice = fitLattice(values, mask, size, [5, 4, 4]);
    const positions = gridPositions([31, 17, 9]);
    const before = evaluateLattice(lattice, positions);
    const finer = refineLattice(lattice);
    expect(finer.size).to.deep.equal([7, 5, 5]);
    const after = evaluateLattice(finer, positions);
    // the end margin is a share of a span, and spans have become shorter
    after.forEach((value, index) => expect(value).to.be.closeTo(before[index]!, 1e-4));
  });
});
