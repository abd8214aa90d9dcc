import { readFileSync } from 'node:fs';
import path from 'node:path';
import { expect } from 'chai';
import type { ManifestOf } from '../../src/inference/index.ts';
import { headCutOff } from '../../src/pipelines/ncct-haemorrhage/accept.ts';
import { prepare, type Prepared } from '../../src/pipelines/ncct-haemorrhage/prepare.ts';
import { indexToLps, type Volume } from '../../src/volume/index.ts';

const manifest = JSON.parse(
  readFileSync(
    path.join(import.meta.dirname, '..', '..', 'models', 'ncct-haemorrhage', 'model.json'),
    'utf8',
  ),
) as ManifestOf<'ncct-haemorrhage'>;

const size = [100, 120, 56] as const;
const pitch = 3;
const sliceMm = 5;
/** The head's middle, and its vertex 195 mm above the lowest slice. */
const [middleX, middleY, vertexZ] = [150, 150, 195];

type Hu = (x: number, y: number, z: number) => number | null;

/** A skull with brain in it on a neck that leaves the images below, and what `more` puts beside it; mm from the corner. */
function scan(more: Hu = () => null, scale = 1): Volume {
  const data = new Float32Array(size[0] * size[1] * size[2]);
  let at = 0;
  for (let z = 0; z < size[2]; z += 1)
    for (let y = 0; y < size[1]; y += 1)
      for (let x = 0; x < size[0]; x += 1) {
        const place = [x * pitch, y * pitch, z * sliceMm] as const;
        data[at] = head(place, scale) ?? more(...place) ?? -1000;
        at += 1;
      }
  return {
    ...{ size, data, spacingMm: [pitch, pitch, sliceMm], originLpsMm: [0, 0, 0] },
    directions: [
      [1, 0, 0],
      [0, 1, 0],
      [0, 0, 1],
    ],
  };
}

function head([x, y, z]: readonly [number, number, number], scale: number): number | null {
  const from = (width: number, length: number, height: number): number =>
    Math.hypot(
      (x - middleX) / (width * scale),
      (y - middleY) / (length * scale),
      (z - (vertexZ - 75)) / height,
    );
  if (from(66, 83, 67) < 1) return 35;
  if (from(73, 90, 73) < 1) return 900;
  if (from(77, 94, 77) < 1) return 20;
  return z < 80 && Math.hypot(x - middleX, y - middleY - 10) < 55 ? 50 : null;
}

const fieldOf = ({ grid }: Prepared) => ({
  middle: indexToLps(grid, [(grid.size[0] - 1) / 2, (grid.size[1] - 1) / 2, 0]),
  lowestMm: grid.originLpsMm[2],
});
/** As large as a pillow: under head and neck, and wider than both. */
const gelPad: Hu = (x, y) => (y > 246 && y < 330 && x > 20 && x < 280 ? 30 : null);
/** A blanket, or an arm, in the slices above the vertex. */
const above: Hu = (x, y, z) => (z > 225 && Math.hypot(x - 150, y - 150) < 40 ? 40 : null);

describe('the part of a head CT that is read', () => {
  const plain = prepare(scan(), manifest.preprocessing);

  it('is that of the rules the networks were trained by', () => {
    const { data } = scan();
    const below = Math.round((vertexZ + 2 - 170) / sliceMm) * sliceMm;
    expect(fieldOf(plain).lowestMm).to.be.closeTo(below, 2 * sliceMm);
    const first = fieldOf(plain).lowestMm / sliceMm;
    const places = [...data.entries()].filter(
      ([index, hu]) => hu > -200 && index >= first * size[0] * size[1],
    );
    const mean = places.reduce((sum, [index]) => sum + (index % size[0]) * pitch, 0) / places.length;
    expect(fieldOf(plain).middle[0]).to.be.closeTo(mean, 1e-6);
    expect(plain.cutMl).to.be.lessThan(1);
    expect(headCutOff(plain, manifest)).to.equal(null);
  });

  it('keeps the brain where a gel pad is as heavy as the head', () => {
    const padded = prepare(scan(gelPad), manifest.preprocessing);
    expect(padded.cutMl).to.be.lessThan(1);
    for (const axis of [0, 1])
      expect(fieldOf(padded).middle[axis]).to.be.closeTo([middleX, middleY][axis]!, 2 * pitch);
  });

  it('reaches as far below the vertex of the skull where something lies above it', () => {
    const covered = prepare(scan(above), manifest.preprocessing);
    expect(fieldOf(covered).lowestMm).to.be.closeTo(fieldOf(plain).lowestMm, 3 * sliceMm);
    expect(covered.slabs[0]!.first).to.be.lessThan(12);
  });

  it('does not call a head free that is larger than the field', () => {
    const large = prepare(
      scan(() => null, 1.4),
      manifest.preprocessing,
    );
    expect(large.cutMl).to.be.greaterThan(2);
    expect(headCutOff(large, manifest)).to.have.property('code', 'HEAD_CUT_OFF');
  });
});
