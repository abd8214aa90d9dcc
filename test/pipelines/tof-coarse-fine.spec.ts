import { existsSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { expect } from 'chai';
import fc from 'fast-check';
import { bundleFor, loadBundle, openEngine, type BundleOf, type Engine } from '../../src/inference/index.ts';
import { extractArteries } from '../../src/pipelines/tof-coarse-fine/arteries.ts';
import { channelsOf } from '../../src/pipelines/tof-coarse-fine/channels.ts';
import { detect, type Detected } from '../../src/pipelines/tof-coarse-fine/coarse.ts';
import { deepInside } from '../../src/pipelines/tof-coarse-fine/deep.ts';
import { outline } from '../../src/pipelines/tof-coarse-fine/fine.ts';
import { lesionsOf } from '../../src/pipelines/tof-coarse-fine/lesions.ts';
import { tilesOf, type Tile } from '../../src/pipelines/tof-coarse-fine/tiles.ts';
import { dilated, indexToLps, sobelMagnitude, type Size, type Volume } from '../../src/volume/index.ts';

interface Golden {
  readonly file: string;
  readonly shape: readonly [number, number, number];
  readonly spacingMm: readonly [number, number, number];
  readonly arteryVoxels: number;
  /** z, y, x. */
  readonly centres: readonly (readonly [number, number, number])[];
  /** z, y, x, coarse, fine. */
  readonly coarseAndFine: readonly (readonly [number, number, number, number, number])[];
  readonly marks: readonly {
    readonly centre: readonly [number, number, number];
    readonly voxels: number;
    readonly probability: number;
  }[];
}

const folder = path.join(import.meta.dirname, '..', '..', 'models', 'tof-coarse-fine');

describe('channels of tof-coarse-fine', () => {
  const size: Size = [12, 11, 10];
  const at = (x: number, y: number, z: number): number => x + size[0] * (y + size[1] * z);

  it('a voxel grows by its faces and edges, not by its corners, and not over the border', () => {
    const one = new Uint8Array(size[0] * size[1] * size[2]);
    one[at(5, 5, 5)] = 1;
    const grown = dilated(one, size, 18);
    expect(grown.reduce((sum, value) => sum + value, 0)).to.equal(19);
    expect([grown[at(6, 6, 5)], grown[at(6, 6, 6)]]).to.deep.equal([1, 0]);
    const corner = new Uint8Array(one.length);
    corner[0] = 1;
    expect(dilated(corner, size, 18).reduce((sum, value) => sum + value, 0)).to.equal(7);
  });

  it('a unit step across one axis gives 1 / sqrt 3 on both sides of it', () => {
    for (const axis of [0, 1, 2] as const) {
      const step = new Float32Array(size[0] * size[1] * size[2]).map((_, index) => {
        const place = [index % size[0], Math.floor(index / size[0]) % size[1], Math.floor(index / 132)];
        return place[axis]! >= 5 ? 1 : 0;
      });
      const edges = sobelMagnitude(step, size);
      // half of a central difference over two voxels on each side
      const high = [5, 5, 5] as [number, number, number];
      const low = [5, 5, 5] as [number, number, number];
      low[axis] = 4;
      for (const place of [high, low]) expect(edges[at(...place)]).to.be.closeTo(1 / Math.sqrt(3), 1e-6);
      const far = [5, 5, 5] as [number, number, number];
      far[axis] = 8;
      expect(edges[at(...far)]).to.equal(0);
    }
  });
});

describe('arteries of tof-coarse-fine', () => {
  it('near the skin are none, at the ends of the scan they are', () => {
    const grid = (size: Size, step: number): Volume => ({
      size,
      spacingMm: [step, step, step],
      originLpsMm: [0, 0, 0],
      directions: [
        [1, 0, 0],
        [0, 1, 0],
        [0, 0, 1],
      ],
      data: new Float32Array(0),
    });
    const head = { volume: grid([40, 40, 10], 2), mask: new Uint8Array(16_000).fill(1) };
    const image = grid([157, 157, 37], 0.5);
    const at = (x: number, y: number, z: number): number => x + 157 * (y + 157 * z);
    const places = [
      at(78, 78, 0),
      at(78, 78, 18),
      at(78, 78, 36),
      at(8, 78, 18),
      at(78, 150, 18),
      at(30, 30, 18),
    ];
    const deep = deepInside({ image, head });
    expect(places.map((place) => deep[place])).to.deep.equal([1, 1, 1, 0, 0, 1]);
  });
});

describe('tiles of tof-coarse-fine', () => {
  const options = { halo: 24, multipleOf: 4, largest: 2_500_000 };

  it('keep every voxel once, run each with its halo, and stay within the memory that is given', () => {
    const sizes: readonly Size[] = [
      [360, 360, 144],
      [440, 440, 200],
      [88, 88, 64],
      [97, 130, 51],
    ];
    for (const size of sizes) {
      const tiles = tilesOf(new Uint8Array(size[0] * size[1] * size[2]).fill(1), size, options);
      const kept = tiles.reduce((sum, { keep }) => sum + volumeOf(keep), 0);
      expect(kept).to.equal(size[0] * size[1] * size[2]);
      for (const tile of tiles) expectHalo(tile, size);
      const ran = tiles.reduce((sum, { run }) => sum + volumeOf(run), 0);
      expect(ran / kept).to.be.lessThan(5);
    }
    expect(tilesOf(new Uint8Array(88 * 88 * 64).fill(1), [88, 88, 64], options)).to.have.length(1);
  });

  it('of a mask hold each set voxel once, end where it ends, and leave out what is empty', () => {
    const extent = fc.tuple(...[20, 24, 18].map((n) => fc.tuple(fc.nat(n), fc.integer({ min: 1, max: 6 }))));
    fc.assert(
      fc.property(fc.array(extent, { minLength: 1, maxLength: 4 }), (blocks) => {
        const size: Size = [30, 33, 27];
        const mask = maskOf(blocks, size);
        const covered = new Uint8Array(mask.length);
        const tiles = tilesOf(mask, size, { halo: 8, multipleOf: 4, largest: 8000 });
        for (const { keep, run } of tiles) {
          expect(volumeOf(run)).to.be.at.most(8000);
          let inside = 0;
          for (const voxel of voxelsOf(keep, size)) {
            covered[voxel]! += 1;
            inside += mask[voxel]!;
          }
          expect(inside).to.be.above(0);
        }
        // covered once where it is set, at most once elsewhere
        expect(covered.every((times, voxel) => times <= 1 && times >= mask[voxel]!)).to.equal(true);
      }),
      { numRuns: 40 },
    );
    expect(tilesOf(new Uint8Array(27_000), [30, 30, 30], options)).to.deep.equal([]);
  });
});

function expectHalo({ keep, run }: Tile, size: Size): void {
  expect(volumeOf(run)).to.be.at.most(2_500_000);
  for (const axis of [0, 1, 2] as const) {
    expect(keep.from[axis] % 4).to.equal(0);
    expect(run.from[axis]).to.equal(Math.max(0, keep.from[axis] - 24));
    expect(run.to[axis]).to.equal(Math.min(size[axis], keep.to[axis] + 24));
  }
}

/** Blocks given by start and length along each axis. */
function maskOf(blocks: readonly (readonly [number, number][])[], size: Size): Uint8Array {
  const mask = new Uint8Array(size[0] * size[1] * size[2]);
  for (const block of blocks) {
    const from = block.map(([start]) => start) as unknown as Size;
    const to = block.map(([start, length]) => start + length) as unknown as Size;
    for (const voxel of voxelsOf({ from, to }, size)) mask[voxel] = 1;
  }
  return mask;
}

function* voxelsOf({ from, to }: Tile['keep'], [nx, ny]: Size): Generator<number> {
  for (let z = from[2]; z < to[2]; z += 1)
    for (let y = from[1]; y < to[1]; y += 1)
      for (let x = from[0]; x < to[0]; x += 1) yield x + nx * (y + ny * z);
}

function volumeOf({ from, to }: { readonly from: Size; readonly to: Size }): number {
  return (to[0] - from[0]) * (to[1] - from[1]) * (to[2] - from[2]);
}

(existsSync(path.join(folder, 'model.json')) ? describe : describe.skip)(
  'golden vectors of tof-coarse-fine',
  function () {
    this.timeout(240_000);
    let bundle: BundleOf<'tof-coarse-fine'>;
    let golden: Golden;
    let engine: Engine;
    let volume: Volume;
    let arteries: Uint8Array;
    let detected: Detected;
    let outlined: Float32Array;

    before(async () => {
      bundle = bundleFor(await loadBundle(folder), 'tof-coarse-fine');
      golden = JSON.parse(readFileSync(path.join(folder, bundle.manifest.golden), 'utf8')) as Golden;
      engine = openEngine({ providers: ['cpu'], threads: 2 });
      volume = goldenVolume(golden);
      const everywhere = new Uint8Array(volume.data.length).fill(1);
      arteries = await extractArteries(volume, everywhere, { bundle, engine });
      const channels = channelsOf(volume, arteries, bundle.manifest.preprocessing.contour);
      detected = await detect(volume.size, channels, { bundle, engine });
      outlined = await outline(volume.size, { channels, centres: detected.centres }, { bundle, engine });
    });
    after(async () => await engine[Symbol.asyncDispose]());

    it("arteries are the kit's, but for voxels on the threshold", () => {
      const count = arteries.reduce((sum, value) => sum + value, 0);
      expect(Math.abs(count - golden.arteryVoxels)).to.be.at.most(0.002 * golden.arteryVoxels + 2);
    });

    it("candidates lie where the kit's lie, to half a voxel", () => {
      expect(detected.centres).to.have.length(golden.centres.length);
      for (const [index, [z, y, x]] of golden.centres.entries())
        expect(
          Math.hypot(...[x, y, z].map((value, axis) => value - detected.centres[index]![axis]!)),
        ).to.be.lessThan(0.5);
    });

    it("coarse and fine probabilities are the kit's", () => {
      const [nx, ny] = volume.size;
      for (const [z, y, x, coarse, fine] of golden.coarseAndFine) {
        const voxel = x + nx * (y + ny * z);
        expect(detected.probability[voxel]).to.be.closeTo(coarse, 5e-3);
        expect(outlined[voxel]).to.be.closeTo(fine, 5e-3);
      }
    });

    it("marks are the kit's: place to half a voxel, volume to a fiftieth, probability to 0.001", () => {
      const lesions = lesionsOf({ ...volume, data: outlined }, detected.probability, bundle.manifest);
      expect(lesions).to.have.length(golden.marks.length);
      for (const { centre, voxels, probability } of golden.marks) {
        const place = indexToLps(volume, [centre[2], centre[1], centre[0]]);
        const off = (lesion: (typeof lesions)[0]): number =>
          Math.hypot(...lesion.centreLpsMm.map((value, axis) => value - place[axis]!));
        const nearest = lesions.reduce((best, one) => (off(one) < off(best) ? one : best));
        expect(off(nearest)).to.be.lessThan(0.25);
        expect(nearest.voxels.length).to.be.closeTo(voxels, 1 + voxels / 50);
        expect(nearest.probability).to.be.closeTo(probability, 1e-3);
      }
    });
  },
);

function goldenVolume({ file, shape: [nz, ny, nx], spacingMm }: Golden): Volume {
  const bytes = readFileSync(path.join(folder, 'golden', file));
  const stored = new Int16Array(bytes.buffer.slice(bytes.byteOffset, bytes.byteOffset + bytes.byteLength));
  return {
    size: [nx, ny, nz],
    spacingMm,
    originLpsMm: [0, 0, 0],
    directions: [
      [1, 0, 0],
      [0, 1, 0],
      [0, 0, 1],
    ],
    data: Float32Array.from(stored, (value) => value / 1000),
  };
}
