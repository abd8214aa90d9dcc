import { WillisError } from '../errors.ts';
import { reboxed, windowMean, type Size } from '../volume/index.ts';
import type { BundleOf } from './bundle.ts';
import type { Engine } from './engine.ts';

/** The network's fields on the volume's grid, [z][y][x] flattened as in `Volume`. */
export interface NetworkFields {
  /** Signed evidence; its mean over a patch is the patch's logit (models: evidence of a GAP classifier). */
  readonly evidence: Float32Array;
  readonly localisationLogit: Float32Array;
}

/** One run up to this many voxels (about 130 bytes of working memory a voxel), slabs with a halo beyond. */
const largestRunVoxels = 6_500_000;

/** Evaluates the network at every voxel at once, in one run or in z slabs; throws MODEL_OUTPUT_INVALID on NaN. */
export async function evaluateDense(
  engine: Engine,
  bundle: BundleOf<'tof-patch'>,
  image: { readonly data: Float32Array; readonly size: Size },
  largestRun = largestRunVoxels,
): Promise<NetworkFields> {
  const { multipleOf, haloVoxels } = bundle.manifest.network;
  const [nx, ny, nz] = image.size;
  const plane = nx * ny;
  const halo = Math.ceil(haloVoxels / multipleOf) * multipleOf;
  const depth =
    plane * nz <= largestRun ? nz : Math.max(multipleOf, floorTo(largestRun / plane - 2 * halo, multipleOf));
  const evidence = new Float32Array(plane * nz);
  const localisationLogit = new Float32Array(plane * nz);
  for (let start = 0; start < nz; start += depth) {
    const from = Math.max(0, start - halo);
    const to = Math.min(nz, start + depth + halo);
    const slab = { data: image.data.subarray(from * plane, to * plane), size: [nx, ny, to - from] as const };
    const fields = await runPadded(engine, bundle, slab);
    const keep = [(start - from) * plane, (Math.min(start + depth, nz) - from) * plane] as const;
    evidence.set(fields.evidence.subarray(...keep), start * plane);
    localisationLogit.set(fields.localisationLogit.subarray(...keep), start * plane);
  }
  requireNumbers(evidence, localisationLogit);
  return { evidence, localisationLogit };
}

/** Logit of the patch around each voxel, from the dense evidence. */
export function densePatchLogits(fields: NetworkFields, size: Size, patchSize: number): Float32Array {
  return windowMean(fields.evidence, size, patchSize);
}

/**
 * The published way: the network on each patch by itself, `stride` voxels apart. Returns start corners and logits; the
 * reference that dense evaluation is tested and measured against.
 */
export async function evaluatePatchwise(
  engine: Engine,
  bundle: BundleOf<'tof-patch'>,
  image: { readonly data: Float32Array; readonly size: Size },
  stride: number,
): Promise<readonly { readonly start: readonly [number, number, number]; readonly logit: number }[]> {
  const side = bundle.manifest.network.patchSize;
  const starts = (n: number): readonly number[] => {
    const last = Math.max(n - side, 0);
    return [...Array.from({ length: Math.ceil(last / stride) }, (_, index) => index * stride), last];
  };
  const patches = [];
  for (const z of starts(image.size[2])) {
    for (const y of starts(image.size[1])) {
      for (const x of starts(image.size[0])) {
        const patch = { data: cut(image, [x, y, z], side), size: [side, side, side] as const };
        const { evidence } = await runPadded(engine, bundle, patch);
        patches.push({ start: [x, y, z] as const, logit: mean(evidence) });
      }
    }
  }
  return patches;
}

async function runPadded(
  engine: Engine,
  bundle: BundleOf<'tof-patch'>,
  image: { readonly data: Float32Array; readonly size: Size },
): Promise<NetworkFields> {
  const { input, evidence, localisation, multipleOf, file } = bundle.manifest.network;
  const padded = image.size.map((n) => Math.ceil(n / multipleOf) * multipleOf) as unknown as Size;
  const results = await engine.run(
    `${bundle.folder}/${file}`,
    [
      {
        name: input,
        data: reboxed(image.data, image.size, padded),
        shape: [1, 1, padded[2], padded[1], padded[0]],
      },
    ],
    [evidence, localisation],
  );
  return {
    evidence: reboxed(results[evidence]!, padded, image.size),
    localisationLogit: reboxed(results[localisation]!, padded, image.size),
  };
}

function cut(
  image: { readonly data: Float32Array; readonly size: Size },
  start: readonly [number, number, number],
  side: number,
): Float32Array {
  const [nx, ny, nz] = image.size;
  const out = new Float32Array(side ** 3);
  for (let z = 0; z < Math.min(side, nz - start[2]); z += 1) {
    for (let y = 0; y < Math.min(side, ny - start[1]); y += 1) {
      const source = start[0] + nx * (start[1] + y + ny * (start[2] + z));
      out.set(image.data.subarray(source, source + Math.min(side, nx - start[0])), side * (y + side * z));
    }
  }
  return out;
}

function mean(values: Float32Array): number {
  let sum = 0;
  for (const value of values) sum += value;
  return sum / values.length;
}

function floorTo(value: number, step: number): number {
  return Math.floor(value / step) * step;
}

/** A network that gives NaN has seen nothing: that is a failure, never a negative. */
export function requireNumbers(...fields: readonly Float32Array[]): void {
  for (const field of fields) {
    for (const value of field) {
      if (!Number.isFinite(value)) {
        throw new WillisError(
          'MODEL_OUTPUT_INVALID',
          'The network gave values that are no numbers; the series was not analysed.',
        );
      }
    }
  }
}
