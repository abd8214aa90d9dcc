import { requireNumbers, type BundleOf, type Engine } from '../../inference/index.ts';
import type { Size } from '../../volume/index.ts';
import { boxFrom, samplesFrom } from './boxes.ts';
import type { Channels } from './channels.ts';
import { componentsOf } from './lesions.ts';
import { fileOf } from './networks.ts';

type Point = readonly [number, number, number];

export interface Detected {
  /** Of lying in an aneurysm, voxel by voxel; 0 in tiles without arteries, which were not run. */
  readonly probability: Float32Array;
  /** Middles of its components, voxels, the strongest first. */
  readonly centres: readonly Point[];
}

/** DeepMedic over the vessel image in tiles: valid convolutions, a fine segment and a coarser one about the same middle. Throws MODEL_OUTPUT_INVALID. */
export async function detect(
  size: Size,
  { vessels, near }: Pick<Channels, 'vessels' | 'near'>,
  { bundle, engine }: { bundle: BundleOf<'tof-coarse-fine'>; engine: Engine },
): Promise<Detected> {
  const { coarse, candidates } = bundle.manifest;
  const step = coarse.output;
  const probability = new Float32Array(vessels.length);
  for (const corner of tilesWith(near, size, step)) {
    const tile = await runTile({ data: vessels, size }, corner, { bundle, engine });
    requireNumbers(tile);
    paste(probability, size, { tile, corner, step });
  }
  const centres = componentsOf(probability, size, candidates)
    .slice(0, candidates.maxCandidates)
    .map(({ centre }) => centre);
  return { probability, centres };
}

/** Corners of the tiles whose output holds an artery or its neighbourhood: an aneurysm lies on one. */
function* tilesWith(near: Uint8Array, [nx, ny, nz]: Size, step: number): Generator<Point> {
  for (let z = 0; z < nz; z += step)
    for (let y = 0; y < ny; y += step)
      for (let x = 0; x < nx; x += step) if (holds(near, [nx, ny, nz], [x, y, z], step)) yield [x, y, z];
}

function holds(mask: Uint8Array, [nx, ny, nz]: Size, [x0, y0, z0]: Point, step: number): boolean {
  for (let z = z0; z < Math.min(nz, z0 + step); z += 1)
    for (let y = y0; y < Math.min(ny, y0 + step); y += 1) {
      const row = nx * (y + ny * z);
      if (mask.subarray(row + x0, row + Math.min(nx, x0 + step)).includes(1)) return true;
    }
  return false;
}

async function runTile(
  vessels: { data: Float32Array; size: Size },
  corner: Point,
  { bundle, engine }: { bundle: BundleOf<'tof-coarse-fine'>; engine: Engine },
): Promise<Float32Array> {
  const { segment, output, coarseSegment: side, coarser } = bundle.manifest.coarse;
  const margin = (segment - output) / 2;
  const fine = boxFrom(vessels, corner.map((value) => value - margin) as unknown as Point, [
    segment,
    segment,
    segment,
  ]);
  // the coarse pathway loses as many cells: cell `margin` covers the first `coarser` voxels of the output about their middle
  const along = (start: number): number[] =>
    Array.from({ length: side }, (_, cell) => start + (coarser >> 1) + coarser * (cell - margin));
  const coarse = samplesFrom(vessels, along(corner[0]), along(corner[1]), along(corner[2]));
  const { probability } = await engine.run(
    fileOf(bundle, 'coarse'),
    [
      { name: 'fine', data: fine, shape: [1, 1, segment, segment, segment] },
      { name: 'coarse', data: coarse, shape: [1, 1, side, side, side] },
    ],
    ['probability'],
  );
  return probability!;
}

function paste(
  out: Float32Array,
  [nx, ny, nz]: Size,
  { tile, corner: [x0, y0, z0], step }: { tile: Float32Array; corner: Point; step: number },
): void {
  const width = Math.min(step, nx - x0);
  for (let z = 0; z < Math.min(step, nz - z0); z += 1) {
    for (let y = 0; y < Math.min(step, ny - y0); y += 1) {
      const from = step * (y + step * z);
      out.set(tile.subarray(from, from + width), x0 + nx * (y0 + y + ny * (z0 + z)));
    }
  }
}
