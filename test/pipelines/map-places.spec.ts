import { readFileSync } from 'node:fs';
import path from 'node:path';
import { expect } from 'chai';
import fc from 'fast-check';
import type { ManifestOf } from '../../src/inference/index.ts';
import { cropAt } from '../../src/pipelines/cta-resnet/crops.ts';
import { explanationMaps as angiogramMaps } from '../../src/pipelines/cta-resnet/maps.ts';
import { explanationMaps as headCtMaps } from '../../src/pipelines/ncct-haemorrhage/maps.ts';
import { prepare } from '../../src/pipelines/ncct-haemorrhage/prepare.ts';
import { indexToLps, lpsToIndex, type Vector, type Volume } from '../../src/volume/index.ts';

const models = path.join(import.meta.dirname, '..', '..', 'models');
const manifestOf = <P extends 'cta-resnet' | 'ncct-haemorrhage'>(pipeline: P): ManifestOf<P> =>
  JSON.parse(readFileSync(path.join(models, pipeline, 'model.json'), 'utf8')) as ManifestOf<P>;

/** Unit vectors turned about x, then z. */
function turned(aboutX: number, aboutZ: number): Volume['directions'] {
  const [c, s, u, v] = [Math.cos(aboutZ), Math.sin(aboutZ), Math.cos(aboutX), Math.sin(aboutX)];
  return [
    [c, s, 0],
    [-s * u, c * u, v],
    [s * v, -c * v, u],
  ];
}

/** A volume about the patient's origin that is `ground` and has a bright blob at a voxel. */
function blobVolume(
  grid: Omit<Volume, 'data' | 'originLpsMm'>,
  at: Vector,
  { width, ground }: { readonly width: number; readonly ground: (point: Vector) => number },
): Volume {
  const middle = indexToLps(
    { ...grid, originLpsMm: [0, 0, 0] },
    grid.size.map((n) => n / 2) as unknown as Vector,
  );
  const volume = {
    ...grid,
    originLpsMm: middle.map((value) => -value) as unknown as Vector,
    data: new Float32Array(grid.size[0] * grid.size[1] * grid.size[2]),
  };
  const place = indexToLps(volume, at);
  const [nx, ny] = grid.size;
  for (let index = 0; index < volume.data.length; index += 1) {
    const point = indexToLps(volume, [
      index % nx,
      Math.floor(index / nx) % ny,
      Math.floor(index / (nx * ny)),
    ]);
    const off = Math.hypot(...point.map((value, axis) => value - place[axis]!));
    volume.data[index] = ground(point) + 1000 * Math.exp(-(off ** 2) / (2 * width ** 2));
  }
  return volume;
}

/** Centre of mass of a map, in the patient. */
function middleOf(map: Volume): Vector {
  const [nx, ny] = map.size;
  let total = 0;
  const sum = [0, 0, 0];
  map.data.forEach((value, index) => {
    total += value;
    [index % nx, Math.floor(index / nx) % ny, Math.floor(index / (nx * ny))].forEach(
      (at, axis) => (sum[axis]! += at * value),
    );
  });
  return indexToLps(map, sum.map((value) => value / total) as unknown as Vector);
}

/** How many voxels of a grid two places are apart, along each axis. */
function voxelsApart(grid: Omit<Volume, 'data'>, a: Vector, b: Vector): Vector {
  const [from, to] = [lpsToIndex(grid, a), lpsToIndex(grid, b)];
  return [to[0] - from[0], to[1] - from[1], to[2] - from[2]].map(Math.abs) as unknown as Vector;
}

const angle = fc.double({ min: -0.4, max: 0.4, noNaN: true });
const shift = fc.double({ min: -6, max: 6, noNaN: true });

describe('explanation maps lie where the network looked', () => {
  it('CT angiography: what is bright in a crop is, painted as its map, where it is in the patient', () => {
    const { explanation, preprocessing, ...manifest } = manifestOf('cta-resnet');
    const { pixels } = preprocessing;
    // as many cells as pixels: then the map can be the crop itself
    const fine = { ...manifest, preprocessing, explanation: { ...explanation, cells: pixels } };
    fc.assert(
      fc.property(angle, angle, shift, shift, (aboutX, aboutZ, right, down) => {
        const grid = {
          size: [90, 96, 70],
          spacingMm: [0.45, 0.5, 0.8],
          directions: turned(aboutX, aboutZ),
        } as const;
        const at: Vector = [47, 45, 36];
        const volume = blobVolume(grid, at, { width: 1.5, ground: () => 0 });
        const place = indexToLps(volume, at);
        const centreLpsMm: Vector = [place[0] + right, place[1] + down, place[2]];
        const crop = cropAt(volume, centreLpsMm, preprocessing);
        const central = (preprocessing.slices + 1) / 2;
        const cam = crop.slice(central * pixels * pixels, (central + 1) * pixels * pixels);
        const one = { centreLpsMm, maxDiameterMm: 8, probability: 1, volumeMm3: 1, contributions: [], cam };
        const proposal = { centreLpsMm, voxel: [0, 0, 0], radiusMm: 4, score: 1 } as const;
        const { probability } = angiogramMaps([{ ...one, proposal }], volume, fine);
        for (const apart of voxelsApart(probability, middleOf(probability), place))
          expect(apart).to.be.lessThan(0.5);
      }),
      { numRuns: 8 },
    );
  });

  it('head CT: what is bright in a prepared slice is, painted as its map, where it is in the patient', () => {
    const { explanation, ...manifest } = manifestOf('ncct-haemorrhage');
    const { pixels } = manifest.preprocessing;
    const fine = { ...manifest, explanation: { ...explanation, cells: pixels } };
    fc.assert(
      fc.property(
        angle,
        fc.integer({ min: 70, max: 120 }),
        fc.integer({ min: 60, max: 130 }),
        (tilt, i, j) => {
          // a tilted gantry: the slices' planes are turned, the table moves along z
          const [across, down] = turned(tilt, 0);
          const directions = [across, down, [0, 0, 1]] as const;
          const grid = { size: [190, 200, 5], spacingMm: [0.9, 0.85, 5], directions } as const;
          const head = (point: Vector): number => (Math.hypot(point[0] - 6, point[1] + 4) < 70 ? 40 : -1000);
          const volume = blobVolume(grid, [i, j, 2], { width: 3, ground: head });
          const prepared = prepare(volume, manifest.preprocessing);
          const cells = pixels * pixels;
          const gradCamPlusPlus = new Float32Array(prepared.slabs.length * 6 * cells);
          const slab = prepared.hu.subarray(2 * cells, 3 * cells);
          gradCamPlusPlus.set(
            slab.map((hu) => Math.max(0, hu - 60)),
            2 * 6 * cells,
          );
          const { probability } = headCtMaps(
            prepared,
            {
              probabilities: new Float32Array(prepared.slabs.length * 6).fill(1),
              sequence: new Float32Array(0),
              logits: [new Float32Array(0), new Float32Array(0)],
              gradCamPlusPlus,
              evidence: gradCamPlusPlus,
              sequenceMap: null,
            },
            fine,
          );
          const place = indexToLps(volume, [i, j, 2]);
          for (const apart of voxelsApart(volume, middleOf(probability), place))
            expect(apart).to.be.lessThan(0.5);
        },
      ),
      { numRuns: 6 },
    );
  });
});
