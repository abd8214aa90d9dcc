import {
  findingThreshold,
  haemorrhageClasses,
  requireNumbers,
  type BundleOf,
  type Engine,
  type ManifestOf,
  type NetworkInput,
} from '../../inference/index.ts';
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
  /** Grad-CAM of the sequence model in the slabs it marks, as above, 0 in the others; null of a bundle without that map. */
  readonly sequenceMap: Float32Array | null;
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
  const { manifest } = bundle;
  const mapFile = fileOf(bundle, 'sequence-map');
  const names = [...sliceOutputs, ...(mapFile === null ? [] : ['maps'])];
  const a = await runSliceNetwork(prepared, engine, { file: fileOf(bundle, 'slices-a')!, names });
  const b = await runSliceNetwork(prepared, engine, { file: fileOf(bundle, 'slices-b')!, names });
  const sequence = await runSequence(engine, fileOf(bundle, 'sequence')!, [a, b], prepared);
  requireNumbers(sequence, a.gradcampp!, b.gradcampp!);
  const { slope, intercept } = manifest.calibration;
  const probabilities = sequence.map((logit, index) =>
    sigmoid(slope[index % classes]! * logit + intercept[index % classes]!),
  );
  const sequenceMap =
    mapFile === null
      ? null
      : await explainSequence([a, b], prepared, {
          ...{ engine, file: mapFile },
          slabs: markedSlabs(probabilities, manifest),
        });
  return {
    probabilities,
    sequence,
    sequenceMap,
    logits: [a.logits!, b.logits!],
    gradCamPlusPlus: meanOf(a.gradcampp!, b.gradcampp!),
    evidence: meanOf(a.evidence!, b.evidence!),
  };
}

function fileOf({ manifest, folder }: BundleOf<'ncct-haemorrhage'>, role: string): string | null {
  const network = manifest.networks.find((one) => one.role === role);
  return network === undefined ? null : `${folder}/${network.file}`;
}

/** Those in which a class reaches its threshold. */
function markedSlabs(
  probabilities: Float32Array,
  manifest: ManifestOf<'ncct-haemorrhage'>,
): readonly number[] {
  const reaches = (slab: number): boolean =>
    haemorrhageClasses.some(
      (name, place) => probabilities[slab * classes + place]! >= findingThreshold(manifest, name),
    );
  return Array.from({ length: probabilities.length / classes }, (_, slab) => slab).filter(reaches);
}

type Outputs = Readonly<Record<string, Float32Array>>;

const sliceOutputs = ['logits', 'features', 'gradcampp', 'evidence'] as const;

async function runSliceNetwork(
  prepared: Prepared,
  engine: Engine,
  { file, names }: { readonly file: string; readonly names: readonly string[] },
): Promise<Outputs> {
  const count = prepared.slabs.length;
  const { pixels } = prepared;
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
  prepared: Prepared,
): Promise<Float32Array> {
  const { sequence } = await engine.run(file, seriesInputs(networks, prepared), ['sequence']);
  return sequence!;
}

function seriesInputs(
  networks: readonly [Outputs, Outputs],
  { slabs, sliceSpacingMm }: Prepared,
): readonly NetworkInput[] {
  const t = slabs.length;
  const both = (name: string): Float32Array => joined(networks.map((outputs) => outputs[name]!));
  return [
    { name: 'features', data: both('features'), shape: [1, 2, t, featuresPerSlice] },
    { name: 'logits', data: both('logits'), shape: [1, 2, t, classes] },
    { name: 'spacing', data: Float32Array.of(sliceSpacingMm), shape: [1] },
  ];
}

/** The sequence-level map of some slabs, as many at once as slices. */
async function explainSequence(
  networks: readonly [Outputs, Outputs],
  prepared: Prepared,
  wanted: { readonly engine: Engine; readonly file: string; readonly slabs: readonly number[] },
): Promise<Float32Array> {
  const t = prepared.slabs.length;
  const series = seriesInputs(networks, prepared);
  const perSlab = networks[0]['maps']!.length / t;
  const side = Math.sqrt(perSlab / featuresPerSlice);
  const out = new Float32Array(t * classes * side * side);
  for (let start = 0; start < wanted.slabs.length; start += batch) {
    const slabs = wanted.slabs.slice(start, start + batch);
    const slices = new Float32Array(slabs.length * t);
    for (const [row, slab] of slabs.entries()) slices[row * t + slab] = 1;
    const maps = joined(
      slabs.flatMap((slab) =>
        networks.map((outputs) => outputs['maps']!.subarray(slab * perSlab, (slab + 1) * perSlab)),
      ),
    );
    const inputs = [
      ...series,
      { name: 'slices', data: slices, shape: [slabs.length, t] },
      { name: 'maps', data: maps, shape: [slabs.length, 2, featuresPerSlice, side, side] },
    ];
    const { map } = await wanted.engine.run(wanted.file, inputs, ['map']);
    requireNumbers(map!);
    const each = classes * side * side;
    for (const [row, slab] of slabs.entries())
      out.set(map!.subarray(row * each, (row + 1) * each), slab * each);
  }
  return out;
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
