import { haemorrhageClasses, requireNumbers, type BundleOf, type Engine } from '../../inference/index.ts';
import type { Prepared } from './prepare.ts';

/** What the networks say, slab by slab; all rows are in the order of `haemorrhageClasses`. */
export interface Reading {
  /** Calibrated, [slab][class]. */
  readonly probabilities: Float32Array;
  /** Logits of the sequence model before calibration, [slab][class]. */
  readonly sequence: Float32Array;
  /** Of each slice network, [slab][class]. */
  readonly logits: readonly [Float32Array, Float32Array];
  /** Grad-CAM++, the mean of both slice networks, [slab][class][cell row][cell column]. */
  readonly gradCamPlusPlus: Float32Array;
  /** Signed evidence whose mean over the cells is the mean slice logit, as above. */
  readonly evidence: Float32Array;
}

/** Slices at once: more give no speed and cost memory (docs/performance.md). */
const batch = 8;
const featuresPerSlice = 2048;
const classes = haemorrhageClasses.length;

/** Both slice networks over every slab with its two neighbours, then the sequence model over the series; throws MODEL_OUTPUT_INVALID. */
export async function readSlices(
  prepared: Prepared,
  bundle: BundleOf<'ncct-haemorrhage'>,
  engine: Engine,
): Promise<Reading> {
  const { manifest, folder } = bundle;
  const fileOf = (role: string): string =>
    `${folder}/${manifest.networks.find((network) => network.role === role)!.file}`;
  const a = await runSliceNetwork(prepared, engine, fileOf('slices-a'));
  const b = await runSliceNetwork(prepared, engine, fileOf('slices-b'));
  const sequence = await runSequence(engine, fileOf('sequence'), [a, b], prepared);
  requireNumbers(sequence, a.gradcampp!, b.gradcampp!);
  const { slope, intercept } = manifest.calibration;
  return {
    probabilities: sequence.map((logit, index) =>
      sigmoid(slope[index % classes]! * logit + intercept[index % classes]!),
    ),
    sequence,
    logits: [a.logits!, b.logits!],
    gradCamPlusPlus: meanOf(a.gradcampp!, b.gradcampp!),
    evidence: meanOf(a.evidence!, b.evidence!),
  };
}

type Outputs = Readonly<Record<string, Float32Array>>;

async function runSliceNetwork(prepared: Prepared, engine: Engine, file: string): Promise<Outputs> {
  const count = prepared.slabs.length;
  const { pixels } = prepared;
  const names = ['logits', 'features', 'gradcampp', 'evidence'];
  const parts: Outputs[] = [];
  for (let start = 0; start < count; start += batch) {
    const n = Math.min(batch, count - start);
    const data = withNeighbours(prepared, start, n);
    parts.push(await engine.run(file, [{ name: 'hu', data, shape: [n, 3, pixels, pixels] }], names));
  }
  return Object.fromEntries(names.map((name) => [name, joined(parts.map((part) => part[name]!))]));
}

/** [n][3][row][column]: each slab between the one below and the one above; the outermost are repeated. */
function withNeighbours({ hu, pixels, slabs }: Prepared, start: number, n: number): Float32Array {
  const plane = pixels * pixels;
  const data = new Float32Array(n * 3 * plane);
  for (let index = 0; index < n; index += 1) {
    for (const [channel, step] of [-1, 0, 1].entries()) {
      const slab = Math.max(0, Math.min(slabs.length - 1, start + index + step));
      data.set(hu.subarray(slab * plane, (slab + 1) * plane), (index * 3 + channel) * plane);
    }
  }
  return data;
}

async function runSequence(
  engine: Engine,
  file: string,
  networks: readonly [Outputs, Outputs],
  { slabs, sliceSpacingMm }: Prepared,
): Promise<Float32Array> {
  const t = slabs.length;
  const both = (name: string): Float32Array => joined(networks.map((outputs) => outputs[name]!));
  const inputs = [
    { name: 'features', data: both('features'), shape: [1, 2, t, featuresPerSlice] },
    { name: 'logits', data: both('logits'), shape: [1, 2, t, classes] },
    { name: 'spacing', data: Float32Array.of(sliceSpacingMm), shape: [1] },
  ];
  const { sequence } = await engine.run(file, inputs, ['sequence']);
  return sequence!;
}

function joined(parts: readonly Float32Array[]): Float32Array {
  const out = new Float32Array(parts.reduce((sum, part) => sum + part.length, 0));
  let at = 0;
  for (const part of parts) {
    out.set(part, at);
    at += part.length;
  }
  return out;
}

function meanOf(a: Float32Array, b: Float32Array): Float32Array {
  return a.map((value, index) => (value + b[index]!) / 2);
}

function sigmoid(logit: number): number {
  return 1 / (1 + Math.exp(-logit));
}
