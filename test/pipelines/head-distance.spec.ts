import { readFileSync } from 'node:fs';
import path from 'node:path';
import { expect } from 'chai';
import {
  bundleFor,
  loadBundle,
  loadHelperModels,
  openEngine,
  type BundleOf,
  type Engine,
  type HeadModel,
} from '../../src/inference/index.ts';
import { conform, onGrid } from '../../src/pipelines/head-distance/conform.ts';
import {
  headDistance,
  mmOutside,
  type HeadDistance,
  type Scan,
} from '../../src/pipelines/head-distance/index.ts';
import { plausibility } from '../../src/pipelines/head-distance/plausible.ts';
import { tofPatch } from '../../src/pipelines/tof-patch/index.ts';
import type { PipelineOutput } from '../../src/pipelines/types.ts';
import {
  distanceTransform,
  headMask,
  indexToLps,
  loadVolume,
  resampleIsotropic,
  toLpsOrientation,
  type LoadedSeries,
  type Volume,
} from '../../src/volume/index.ts';
import { sampleInstances, sampleTruth } from '../support/sample.ts';

const models = path.join(import.meta.dirname, '..', '..', 'models');
const headRecipe = { relativeThreshold: 0.1, referencePercentile: 99 };
const alongPatient: Volume['directions'] = [
  [1, 0, 0],
  [0, 1, 0],
  [0, 0, 1],
];

type Sample = readonly [number, number, number, number];

interface Golden {
  readonly file: string;
  readonly shape: readonly [number, number, number];
  readonly size: readonly [number, number, number];
  readonly brainShare: number;
  readonly brightOutside: number;
  readonly keepMm: number;
  readonly kept: number;
  readonly image: readonly Sample[];
  readonly distance: readonly Sample[];
}

describe('the distance from the brain', function () {
  this.timeout(120_000);
  let model: HeadModel;
  let engine: Engine;
  let loaded: LoadedSeries;
  let sample: Scan;
  let found: HeadDistance;

  before(async () => {
    model = (await loadHelperModels(models)).headModel!;
    engine = openEngine({ providers: ['cpu'], threads: 2 });
    loaded = await loadVolume(sampleInstances());
    sample = scanOf(resampleIsotropic(toLpsOrientation(loaded.volume), 1));
    found = await headDistance(sample, 15, { model, engine });
  });
  after(async () => await engine[Symbol.asyncDispose]());

  it('is what the kit says', async () => {
    const folder = path.join(model.folder, 'golden');
    const golden = JSON.parse(readFileSync(path.join(folder, 'golden.json'), 'utf8')) as Golden;
    const bytes = readFileSync(path.join(folder, golden.file));
    const [nz, ny, nx] = golden.shape;
    const grey: Volume = {
      ...{ size: [nx, ny, nz], spacingMm: [1, 1, 1], originLpsMm: [0, 0, 0], directions: alongPatient },
      data: Float32Array.from(new Int16Array(Uint8Array.from(bytes).buffer)),
    };
    const seen = conform(grey, model.manifest.preprocessing);
    expect([...seen.image.size].reverse()).to.deep.equal(golden.size);
    for (const one of golden.image) expect(at(seen.image, one)).to.be.closeTo(one[3], 1e-3);
    const scan = scanOf(grey);
    const answer = distanceOf(await headDistance(scan, golden.keepMm, { model, engine }));
    for (const one of golden.distance) expect(at(answer.distance, one)).to.be.closeTo(one[3], 1e-2);
    expect(Math.abs(sum(answer.kept) / golden.kept - 1)).to.be.lessThan(1e-3);
    const { brainShare, brightOutside } = plausibility(
      seen,
      answer,
      { grid: grey, head: scan.head },
      model.manifest.plausible,
    );
    expect(brainShare).to.be.closeTo(golden.brainShare, 1e-3);
    expect(brightOutside).to.be.closeTo(golden.brightOutside, 1e-2);
  });

  it('keeps the aneurysms of the sample far inside, and finds the air about the head outside', () => {
    for (const { centreLpsMm } of sampleTruth().aneurysms)
      expect(mmOutside(found, centreLpsMm)).to.equal(null);
    const { distance } = distanceOf(found);
    const corner = indexToLps(distance, [1, 1, 1]);
    expect(mmOutside(found, corner)).to.be.greaterThan(15);
    // beyond the images nothing is told
    expect(mmOutside(found, [500, 0, 0])).to.equal(null);
  });

  it('is the same of a flipped stack and of an oblique one', async () => {
    const flipped = toLpsOrientation(flippedAlongZ(loaded.volume));
    const scan = scanOf(resampleIsotropic(flipped, 1));
    const same = distanceOf(await headDistance(scan, 15, { model, engine }));
    expect(agreement(same, distanceOf(found), sample.grey)).to.be.greaterThan(0.999);
    for (const degrees of [-12, 8]) {
      const oblique = scanOf(onGrid(sample.grey, turnedGrid(sample.grey, degrees)));
      const turned = distanceOf(await headDistance(oblique, 15, { model, engine }));
      expect(agreement(turned, distanceOf(found), oblique.grey)).to.be.greaterThan(0.95);
      for (const { centreLpsMm } of sampleTruth().aneurysms)
        expect(mmOutside(turned, centreLpsMm)).to.equal(null);
    }
  });

  it('holds of a part of the slab, and with a scalp as bright as arteries', async () => {
    const part = slices(sample.grey, 10, 55);
    const thinner = await headDistance(scanOf(part), 15, { model, engine });
    expect(distanceOf(thinner).note.keepMm).to.equal(15);
    const bright = brightScalp(sample);
    const stillFound = await headDistance(bright, 15, { model, engine });
    for (const { centreLpsMm } of sampleTruth().aneurysms) {
      expect(mmOutside(stillFound, centreLpsMm)).to.equal(null);
      expect(mmOutside(thinner, centreLpsMm)).to.equal(null);
    }
  });

  it('an answer that cannot be is not used, and says why; without a model nothing is outside', async () => {
    for (const [mm, why] of [
      [40, 'brain would be 0 % of the head'],
      [-5, '20 % to 80 % is plausible'],
      [Number.NaN, 'no numbers'],
    ] as const) {
      const answer = await headDistance(sample, 15, { model, engine: saying(() => mm) });
      expect(answer.kind).to.equal('threshold');
      expect(answer.note).to.have.nested.property('reason.code', 'HEAD_MASK_IMPLAUSIBLE');
      expect(answer.note).to.have.nested.property('reason.text').that.includes(why);
      expect(mmOutside(answer, [0, 0, 0])).to.equal(null);
    }
    // a brain that lies at one end of the head, with the arteries outside
    const atOneEnd = await headDistance(sample, 15, {
      model,
      engine: saying((z, depth) => (z > 0.55 * depth ? -5 : 30)),
    });
    expect(atOneEnd.note).to.have.nested.property('reason.text').that.includes('as bright as arteries');
    const missing = await headDistance(sample, 15, { model: null, engine });
    expect(missing.note).to.have.nested.property('reason.code', 'HEAD_MODEL_MISSING');
  });

  describe('in tof-patch', () => {
    let bundle: BundleOf<'tof-patch'>;
    before(async () => {
      bundle = bundleFor(await loadBundle(path.join(models, 'tof-patch')), 'tof-patch');
    });

    async function read(farthestFromBrainMm: number | undefined, using: Engine): Promise<PipelineOutput> {
      const { farthestFromBrainMm: _, ...candidates } = bundle.manifest.candidates;
      const manifest = {
        ...bundle.manifest,
        candidates: farthestFromBrainMm === undefined ? candidates : { ...candidates, farthestFromBrainMm },
      };
      const input = {
        ...{ volume: toLpsOrientation(loaded.volume), frames: loaded.frames, seriesInstanceUid: '1.2' },
        ...{ contrastAgent: null, helpers: { siteModel: null, headModel: model } },
      };
      return await tofPatch(input, { ...bundle, manifest }, using);
    }

    it('finds what it found without the rule; the note says what told what lies outside', async () => {
      const [without, ruled] = [await read(undefined, engine), await read(15, engine)];
      expect(without.findings).to.not.have.property('headMask');
      expect(ruled.findings.headMask).to.deep.equal({
        ...{ by: 'signed-distance', model: model.identity, keepMm: 15 },
      });
      expect(ruled.findings.findings).to.deep.equal(without.findings.findings);
    });

    it('a mark outside the head is no finding but listed, and the scan is judged without it', async () => {
      const without = await read(undefined, engine);
      const lost = without.findings.findings[0]!.centreLpsMm!;
      // a tunnel from the face to the first finding: a hole within would be filled
      const away = inPlaceOf(engine, model, sample.grey, ([x, y, z]) =>
        Math.abs(x - lost[0]) < 8 && Math.abs(z - lost[2]) < 8 && y < lost[1] + 8
          ? 25
          : Math.abs(x) < 25
            ? -5
            : 5,
      );
      const { findings, candidates } = await read(15, away);
      expect(findings.headMask).to.have.property('by', 'signed-distance');
      expect(findings.findings.map(({ centreLpsMm }) => centreLpsMm)).to.not.deep.include(lost);
      expect(findings.findings.length).to.equal(without.findings.findings.length - 1);
      expect(findings.demoted).to.deep.include({
        ...{ why: 'outside-head', probability: without.findings.findings[0]!.probability, centreLpsMm: lost },
      });
      expect(candidates.filter(({ demoted }) => demoted === 'outside-head')).to.have.length.greaterThan(0);
    });
  });
});

function scanOf(grey: Volume): Scan {
  return { grey, head: headMask(grey, headRecipe) };
}

function distanceOf(found: HeadDistance): Extract<HeadDistance, { kind: 'distance' }> {
  if (found.kind === 'distance') return found;
  throw new Error(found.note.reason.text);
}

function at({ data, size: [nx, ny] }: Volume, [x, y, z]: Sample): number {
  return data[x + nx * (y + ny * z)]!;
}

function sum(mask: Uint8Array): number {
  return mask.reduce((total, value) => total + value, 0);
}

/** The same slices from the last to the first: the stack as a scanner sends it feet first. */
function flippedAlongZ(volume: Volume): Volume {
  const [nx, ny, nz] = volume.size;
  const plane = nx * ny;
  const data = new Float32Array(volume.data.length);
  for (let z = 0; z < nz; z += 1)
    data.set(volume.data.subarray(z * plane, (z + 1) * plane), (nz - 1 - z) * plane);
  const [row, column, [x, y, z]] = volume.directions;
  return {
    ...volume,
    originLpsMm: indexToLps(volume, [0, 0, nz - 1]),
    directions: [row, column, [-x, -y, -z]],
    data,
  };
}

/** A grid of the same size about the same middle, turned about the x axis. */
function turnedGrid({ data: _, ...grid }: Volume, degrees: number): Omit<Volume, 'data'> {
  const [cos, sin] = [Math.cos((degrees * Math.PI) / 180), Math.sin((degrees * Math.PI) / 180)];
  const directions: Volume['directions'] = [
    [1, 0, 0],
    [0, cos, sin],
    [0, -sin, cos],
  ];
  const half = grid.size.map((n) => (n - 1) / 2) as [number, number, number];
  const middle = indexToLps(grid, half);
  const turned = { ...grid, directions, originLpsMm: [0, 0, 0] as const };
  const reach = indexToLps(turned, half);
  return { ...turned, originLpsMm: [middle[0] - reach[0], middle[1] - reach[1], middle[2] - reach[2]] };
}

/** Share of places in the middle of a volume that both take for inside, or both for outside. */
function agreement(
  one: Extract<HeadDistance, { kind: 'distance' }>,
  other: Extract<HeadDistance, { kind: 'distance' }>,
  { size, ...grid }: Volume,
): number {
  const shares = [0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9];
  const places = shares.flatMap((x) =>
    shares.flatMap((y) =>
      shares.slice(2, -2).map((z) => indexToLps({ ...grid, size }, [x * size[0], y * size[1], z * size[2]])),
    ),
  );
  const agree = places.filter(
    (place) => (mmOutside(one, place) === null) === (mmOutside(other, place) === null),
  );
  return agree.length / places.length;
}

function slices(volume: Volume, from: number, to: number): Volume {
  const [nx, ny] = volume.size;
  return {
    ...volume,
    size: [nx, ny, to - from],
    originLpsMm: indexToLps(volume, [0, 0, from]),
    data: volume.data.slice(from * nx * ny, to * nx * ny),
  };
}

/** The head's outermost 6 mm as bright as the brightest artery. */
function brightScalp({ grey, head }: Scan): Scan {
  const depth = distanceTransform(
    head.map((inside) => 1 - inside),
    grey.size,
    grey.spacingMm,
  );
  const most = grey.data.reduce((high, value) => Math.max(high, value), 0);
  const data = grey.data.map((value, index) => (head[index] === 1 && depth[index]! <= 6 ? most : value));
  return { grey: { ...grey, data }, head };
}

/** An engine whose every answer is made by `mm` of the slice and how many there are. */
function saying(mm: (z: number, depth: number) => number): Engine {
  return {
    provider: 'made up',
    run: async (_, [image], [name]) => {
      const [depth = 0, ny = 0, nx = 0] = image!.shape.slice(2);
      const data = Float32Array.from({ length: nx * ny * depth }, (_, index) =>
        mm(Math.floor(index / (nx * ny)), depth),
      );
      return await Promise.resolve({ [name!]: data });
    },
    [Symbol.asyncDispose]: async () => await Promise.resolve(),
  };
}

/** The engine, but for the head model: that one's answer is made up, of places in the patient. */
function inPlaceOf(
  engine: Engine,
  { folder, manifest }: HeadModel,
  grey: Volume,
  mm: (place: readonly [number, number, number]) => number,
): Engine {
  const { image } = conform(grey, manifest.preprocessing);
  return {
    provider: engine.provider,
    run: async (file, inputs, outputs) => {
      if (path.dirname(file) !== folder) return await engine.run(file, inputs, outputs);
      const [nz = 0, ny = 0, nx = 0] = inputs[0]!.shape.slice(2);
      const data = Float32Array.from({ length: nx * ny * nz }, (_, index) =>
        mm(indexToLps(image, [index % nx, Math.floor(index / nx) % ny, Math.floor(index / (nx * ny))])),
      );
      return { [outputs[0]!]: data };
    },
    [Symbol.asyncDispose]: async () => await Promise.resolve(),
  };
}
