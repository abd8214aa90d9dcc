import {
  correctBias,
  distanceTransform,
  gaussianSmooth,
  headMask,
  labelComponents,
  loadVolume,
  masked,
  maskOnGrid,
  percentiles,
  resampleIsotropic,
  sobelMagnitude,
  toLpsOrientation,
  vesselness,
  type Volume,
} from '../src/volume/index.ts';
import { judgeKernel, type KernelJob } from '../conformance/support/kernel-judge.ts';
import { sampleInstances } from '../test/support/sample.ts';

const passes = 4;
const cubic = { interpolation: 'cubic', antiAlias: false } as const;
/** Widths of vessels of 1 to 4 mm, voxels. */
const sigmas = [0.7, 1.2, 2];

/** The volume kernels on one thread beside SimpleITK and scipy on one thread, on the same arrays, the best of some passes each. */
export async function kernels(): Promise<void> {
  const fine = await fineVolume();
  const iso = resampleIsotropic(fine, 1);
  const mask = headMask(iso, { relativeThreshold: 0.1, referencePercentile: 99 });
  const bright = Uint8Array.from(iso.data, (value) => (value > 60 ? 1 : 0));
  const { size } = iso;
  const everywhere = new Uint8Array(iso.data.length).fill(1);
  const brightest = percentiles(iso.data, [99.5])[0]!;
  const vessels = gaussianSmooth(
    Float32Array.from(iso.data, (value) => Number(value > brightest)),
    size,
    0.5,
  );
  console.log(
    `\nVolume kernels, ${fine.size.join(' x ')} and from there ${size.join(' x ')} voxels, one thread, processor time`,
  );
  console.log('| kernel | willis ms | peer ms | peer | times faster |\n|---|---|---|---|---|');
  const rows: readonly (readonly [string, () => unknown, KernelJob, string])[] = [
    [
      'resampling to 1 mm, linear',
      () => resampleIsotropic(fine, 1),
      { kernel: 'resample', size: fine.size, spacing: fine.spacingMm, step: 1, image: fine.data },
      'SimpleITK',
    ],
    [
      'resampling to 1 mm, cubic B-spline',
      () => resampleIsotropic(fine, 1, cubic),
      {
        ...{ kernel: 'resample', size: fine.size, spacing: fine.spacingMm, step: 1, image: fine.data },
        ...{ interpolation: 'cubic', library: 'SimpleITK' },
      },
      'SimpleITK',
    ],
    [
      'components, 26 neighbours',
      () => labelComponents(bright, size, 26),
      { kernel: 'components', size, mask: bright, connectivity: 26, library: 'SimpleITK' },
      'SimpleITK',
    ],
    [
      'components, 26 neighbours',
      () => labelComponents(bright, size, 26),
      { kernel: 'components', size, mask: bright, connectivity: 26 },
      'scipy',
    ],
    [
      'distance transform',
      () => distanceTransform(bright, size, iso.spacingMm),
      { kernel: 'distance', size, spacing: iso.spacingMm, mask: bright },
      'scipy',
    ],
    [
      'Gaussian, sigma 1.5 voxels',
      () => gaussianSmooth(iso.data, size, 1.5),
      { kernel: 'gaussian', size, image: iso.data, sigma: 1.5 },
      'scipy',
    ],
    [
      'Sobel magnitude of a vessel mask',
      () => sobelMagnitude(vessels, size),
      { kernel: 'sobel', size, image: vessels },
      'scipy',
    ],
    [
      'Sobel magnitude of a vessel mask',
      () => sobelMagnitude(vessels, size),
      { kernel: 'sobel', size, image: vessels, library: 'SimpleITK' },
      'SimpleITK',
    ],
    [
      "Frangi's vesselness, 3 scales",
      () => vesselness(iso.data, size, { measure: 'frangi', sigmasVoxels: sigmas, within: everywhere }),
      { kernel: 'vesselness', size, image: iso.data, sigmas, gammas: sigmas.map(() => 20) },
      'SimpleITK',
    ],
    [
      'N4, 4 levels, every 4th voxel, field on all',
      () => correctBias(iso, mask),
      {
        ...{ kernel: 'n4', size, spacing: iso.spacingMm, image: iso.data, mask },
        ...{ shrink: 4, levels: 4, iterations: 50, convergence: 0.001 },
      },
      'SimpleITK',
    ],
  ];
  for (const [name, ours, job, peer] of rows) {
    const own = bestMs(ours);
    const theirs = 1000 * judgeKernel({ ...job, repeats: job.kernel === 'n4' ? 1 : passes }).seconds;
    console.log(
      `| ${name} | ${own.toFixed(0)} | ${theirs.toFixed(0)} | ${peer} | ${(theirs / own).toFixed(1)} |`,
    );
  }
  console.log(`preprocessing in a row: ${bestMs(() => preprocess(fine)).toFixed(0)} ms`);
}

/** Resampling, head mask, N4, normalisation, vesselness at 3 scales in the head, Sobel contour and components of what answers. */
function preprocess(fine: Volume): void {
  const iso = resampleIsotropic(fine, 1);
  const mask = headMask(iso, { relativeThreshold: 0.1, referencePercentile: 99 });
  const even = correctBias(iso, mask);
  const [low = 0, high = 1] = percentiles(masked(even.data, mask), [0.5, 99.5]);
  const data = new Float32Array(even.data.length);
  for (let index = 0; index < data.length; index += 1)
    data[index] = mask[index] === 1 ? Math.max(0, Math.min(1, (even.data[index]! - low) / (high - low))) : 0;
  const answer = vesselness(data, iso.size, { measure: 'frangi', sigmasVoxels: sigmas, within: mask });
  sobelMagnitude(answer, iso.size);
  const tubes = new Uint8Array(answer.length);
  for (let index = 0; index < tubes.length; index += 1) tubes[index] = answer[index]! > 0.05 ? 1 : 0;
  labelComponents(tubes, iso.size, 26);
}

/** Processor time: other programs move it less than the clock. That of collecting garbage beside is in it. */
function bestMs(work: () => unknown): number {
  let best = Infinity;
  for (let pass = 0; pass <= passes; pass += 1) {
    const started = process.cpuUsage();
    work();
    const { user, system } = process.cpuUsage(started);
    // the first pass warms up
    if (pass > 0) best = Math.min(best, (user + system) / 1000);
  }
  return best;
}

/** The sample head on 512 x 512 x 160 voxels over 205 x 205 x 96 mm: the times do not depend on what is seen. */
async function fineVolume(): Promise<Volume> {
  const { volume } = await loadVolume(sampleInstances());
  const head = toLpsOrientation(volume);
  const size = [512, 512, 160] as const;
  const spacingMm = [0.4, 0.4, 0.6] as const;
  const grid = { ...head, size, spacingMm };
  const scaled = {
    ...head,
    spacingMm: size.map((n, axis) => (n * spacingMm[axis]!) / head.size[axis]!) as never,
  };
  let greatest = 0;
  for (const value of head.data) greatest = Math.max(greatest, value);
  const bytes = Uint8Array.from(head.data, (value) => (255 * value) / greatest);
  return { ...grid, data: Float32Array.from(maskOnGrid(bytes, scaled, grid)) };
}
