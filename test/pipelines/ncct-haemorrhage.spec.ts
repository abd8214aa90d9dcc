import { readFileSync } from 'node:fs';
import path from 'node:path';
import { expect } from 'chai';
import { bundleFor, loadBundle, openEngine, type BundleOf, type Engine } from '../../src/inference/index.ts';
import { explanationMaps } from '../../src/pipelines/ncct-haemorrhage/maps.ts';
import { prepare, type Prepared } from '../../src/pipelines/ncct-haemorrhage/prepare.ts';
import { readSlices, type Reading } from '../../src/pipelines/ncct-haemorrhage/read.ts';
import type { Volume } from '../../src/volume/index.ts';

interface Golden {
  readonly file: string;
  readonly shape: readonly [number, number, number];
  readonly spacingMm: readonly [number, number, number];
  /** Slab, row, column, HU. */
  readonly prepared: readonly (readonly [number, number, number, number])[];
  readonly logitsA: readonly (readonly number[])[];
  readonly logitsB: readonly (readonly number[])[];
  readonly sequence: readonly (readonly number[])[];
  readonly probabilities: readonly (readonly number[])[];
  readonly gradcampp: readonly GoldenMap[];
  readonly sequenceMap: readonly GoldenMap[];
}

interface GoldenMap {
  readonly slice: number;
  readonly cells: readonly (readonly number[])[];
}

const folder = path.join(import.meta.dirname, '..', '..', 'models', 'ncct-haemorrhage');

describe('golden vectors of ncct-haemorrhage', function () {
  this.timeout(120_000);
  let bundle: BundleOf<'ncct-haemorrhage'>;
  let golden: Golden;
  let engine: Engine;
  let prepared: Prepared;
  let reading: Reading;

  before(async () => {
    bundle = bundleFor(await loadBundle(folder), 'ncct-haemorrhage');
    golden = JSON.parse(readFileSync(path.join(folder, bundle.manifest.golden), 'utf8')) as Golden;
    engine = openEngine({ providers: ['cpu'], threads: 2 });
    prepared = prepare(goldenVolume(golden), bundle.manifest.preprocessing);
    reading = await readSlices(prepared, bundle, engine);
  });
  after(async () => await engine[Symbol.asyncDispose]());

  it("slabs about the head are the kit's", () => {
    const { pixels, hu } = prepared;
    expect(prepared.slabs.length).to.equal(golden.sequence.length);
    for (const [slab, row, column, value] of golden.prepared)
      expect(hu[(slab * pixels + row) * pixels + column]).to.be.closeTo(value, 0.02);
  });

  it("both slice networks and the sequence model give the kit's logits", () => {
    expect(farthest(reading.logits[0], golden.logitsA)).to.be.lessThan(5e-3);
    expect(farthest(reading.logits[1], golden.logitsB)).to.be.lessThan(5e-3);
    expect(farthest(reading.sequence, golden.sequence)).to.be.lessThan(5e-3);
  });

  it("probabilities are the kit's to 0.001", () => {
    expect(farthest(reading.probabilities, golden.probabilities)).to.be.lessThan(1e-3);
  });

  it("Grad-CAM++ and the sequence-level map are the kit's, cell by cell", () => {
    expectMaps(reading.gradCamPlusPlus, golden.gradcampp);
    expectMaps(reading.sequenceMap!, golden.sequenceMap);
  });

  it('maps colour the head, and neither the air in it nor a rest beside it', () => {
    const { pixels, slabs, grid } = prepared;
    const hu = new Float32Array(prepared.hu.length).fill(-1000);
    const fill = (value: number, [x0, x1]: readonly number[], [y0, y1]: readonly number[]): void => {
      for (let slab = 0; slab < slabs.length; slab += 1)
        for (let y = y0!; y < y1!; y += 1)
          hu.fill(value, (slab * pixels + y) * pixels + x0!, (slab * pixels + y) * pixels + x1!);
    };
    fill(35, [20, 100], [20, 90]);
    fill(-1000, [55, 65], [40, 50]);
    fill(300, [30, 50], [110, 116]);
    const everywhere = new Float32Array(reading.gradCamPlusPlus.length).fill(1);
    const all = { ...reading, gradCamPlusPlus: everywhere };
    const { data } = explanationMaps({ ...prepared, hu }, all, bundle.manifest).probability;
    const at = (x: number, y: number): number => data[x + pixels * (y + pixels * (grid.size[2] >> 1))]!;
    expect(at(30, 30)).to.be.greaterThan(0);
    expect([at(60, 45), at(40, 112), at(5, 5)]).to.deep.equal([0, 0, 0]);
  });

  it('the sequence-level map is there where a slice is marked, and nowhere else', () => {
    const { thresholds } = bundle.manifest.operatingPoint;
    const each = 6 * bundle.manifest.explanation.cells ** 2;
    for (let slab = 0; slab < prepared.slabs.length; slab += 1) {
      const marked = thresholds.some((from, place) => reading.probabilities[slab * 6 + place]! >= from);
      const map = reading.sequenceMap!.subarray(slab * each, (slab + 1) * each);
      expect(map.some((value) => value > 0)).to.equal(marked);
    }
  });

  it('of a bundle without that map the rest is read all the same', async () => {
    const networks = bundle.manifest.networks.filter(({ role }) => role !== 'sequence-map');
    const older = { ...bundle, manifest: { ...bundle.manifest, networks } };
    const first = { ...prepared, slabs: prepared.slabs.slice(0, 2) };
    expect((await readSlices(first, older, engine)).sequenceMap).to.equal(null);
  });

  function expectMaps(maps: Float32Array, expected: readonly GoldenMap[]): void {
    const cells = bundle.manifest.explanation.cells ** 2;
    for (const { slice, cells: wanted } of expected) {
      const map = maps.subarray(slice * 6 * cells, slice * 6 * cells + cells);
      const top = Math.max(...map);
      expect(
        farthest(
          map.map((value) => value / top),
          wanted,
        ),
      ).to.be.lessThan(2e-3);
    }
  }
});

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
    data: Float32Array.from(stored),
  };
}

function farthest(found: ArrayLike<number>, expected: readonly (readonly number[])[]): number {
  const flat = expected.flat();
  expect(found.length).to.equal(flat.length);
  return Math.max(...flat.map((value, index) => Math.abs(found[index]! - value)));
}
