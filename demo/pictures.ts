import { mkdirSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import sharp from 'sharp';
import { part10Header, readInstance } from '../src/dicom/index.ts';
import type { HaemorrhageFinding, SeriesFindings } from '../src/findings/index.ts';
import { findingThreshold, loadBundle, openEngine } from '../src/inference/index.ts';
import { runPipeline, type SliceProbabilities } from '../src/pipelines/index.ts';
import {
  buildResults,
  type ResultInput,
  type ResultInstance,
  type ResultKind,
} from '../src/results/index.ts';
import { loadVolume, toLpsOrientation } from '../src/volume/index.ts';
import { aneurysmAt } from '../test/support/picture-input.ts';
import { sampleInstances } from '../test/support/sample.ts';

/** Draws every picture in every state from the sample series into a folder: `npm run pictures -- FOLDER [STATE]`. */
const out = path.resolve(process.argv[2] ?? 'demo-output/pictures');
const only = process.argv[3] ?? '';
const root = path.join(import.meta.dirname, '..');
mkdirSync(out, { recursive: true });

const analysed = await analyse();
for (const [state, { input, kinds }] of Object.entries(states(analysed))) {
  if (!state.includes(only)) continue;
  for await (const result of buildResults(input, kinds)) await save(state, result);
}

async function analyse(): Promise<ResultInput> {
  const bundle = await loadBundle(path.join(root, 'models', 'tof-patch'));
  await using engine = openEngine({ providers: ['cpu'], threads: 2 });
  const instances = sampleInstances();
  const loaded = await loadVolume(instances);
  const seriesInstanceUid = instances[0]!.attributes.text('SeriesInstanceUID')!;
  const series = {
    volume: toLpsOrientation(loaded.volume),
    frames: loaded.frames,
    seriesInstanceUid,
    contrastAgent: null,
  };
  const output = await runPipeline('tof-patch', series, bundle, engine);
  return {
    output,
    findings: output.findings,
    volume: loaded.volume,
    source: {
      attributes: instances[0]!.attributes,
      frames: loaded.frames,
      sourceInstances: instances,
    },
    card: bundle.manifest,
    identity: {
      inputSha256: 'demo',
      bundleSha256: 'demo',
      version: 1,
      supersedes: null,
      completeness: '90 slices, none missing',
    },
    createdAt: new Date(Date.UTC(2026, 10, 21, 12)),
    softwareVersions: '0.1.0',
  };
}

type States = Readonly<Record<string, { input: ResultInput; kinds: readonly ResultKind[] }>>;

function states(input: ResultInput): States {
  const { findings } = input;
  if (findings.state !== 'findings') throw new Error('The sample series has findings.');
  const [first] = findings.findings;
  const none: SeriesFindings = { ...findings, state: 'no-findings', probability: 0.04, findings: [] };
  const pages: readonly ResultKind[] = ['summary'];
  const many = Array.from({ length: 10 }, (_, index) =>
    aneurysmAt([-30 + 7 * index, -20 + 9 * (index % 4), -20 + 5 * index], {
      probability: 0.95 - index * 0.08,
      maxDiameterMm: 2.5 + index,
      keySopInstanceUid: input.source.frames[8 * index]!.sopInstanceUid,
    }),
  );
  return {
    findings: {
      input,
      kinds: [
        'summary',
        'summary-grey',
        'heatmap',
        'heatmap-grey',
        'heatmap-multiframe',
        'cine',
        'key-views',
        'pdf',
      ],
    },
    one: { input: { ...input, findings: { ...findings, findings: [first] } }, kinds: pages },
    many: {
      input: { ...input, findings: { ...findings, findings: [many[0]!, ...many.slice(1)] } },
      kinds: ['summary', 'cine', 'pdf'],
    },
    'no-findings': { input: { ...input, findings: none }, kinds: ['summary', 'summary-grey'] },
    below: { input: belowThreshold(input, none), kinds: ['summary', 'summary-grey'] },
    'not-analysed': { input: notAnalysed(input), kinds: ['summary', 'summary-grey', 'pdf'] },
    superseding: {
      input: {
        ...input,
        identity: {
          ...input.identity,
          supersedes: { reports: [] },
        },
      },
      kinds: pages,
    },
    haemorrhage: { input: haemorrhage(input), kinds: ['summary', 'curve', 'pdf'] },
    ...Object.fromEntries(
      (['de', 'es', 'fr'] as const).map((language) => [
        language,
        { input: { ...input, language }, kinds: ['summary', 'key-views'] as const },
      ]),
    ),
  };
}

function belowThreshold(input: ResultInput, findings: SeriesFindings): ResultInput {
  const candidates = input.output!.candidates.map((candidate, index) => ({
    ...candidate,
    probability: findingThreshold(input.card) * (0.9 - index * 0.2),
  }));
  return { ...input, findings, output: { ...input.output!, candidates } };
}

function notAnalysed(input: ResultInput): ResultInput {
  const reason = {
    code: 'SLICE_GAP',
    text: 'A slice is missing between 12.00 mm and 13.60 mm along the stack (spacing 0.80 mm).',
  };
  const { probability: _probability, ...common } = input.findings as Extract<
    SeriesFindings,
    { probability: number }
  >;
  return {
    ...input,
    output: null,
    volume: null,
    findings: { ...common, state: 'not-analysed', reason, findings: [] },
  };
}

/** Made-up curves: the shipped bundles have no haemorrhage pipeline yet to draw them from. */
function haemorrhage(input: ResultInput): ResultInput {
  const { frames } = input.source;
  const bell = (middle: number, width: number, top: number): readonly number[] =>
    frames.map((_, slice) => top * Math.exp(-(((slice - middle) / width) ** 2)) + 0.01);
  const curves: readonly SliceProbabilities[] = [
    { class: 'any', values: bell(40, 14, 0.95) },
    { class: 'epidural', values: bell(70, 6, 0.04) },
    { class: 'intraparenchymal', values: bell(36, 9, 0.91) },
    { class: 'intraventricular', values: bell(48, 6, 0.42) },
    { class: 'subarachnoid', values: bell(50, 20, 0.07) },
    { class: 'subdural', values: bell(20, 10, 0.02) },
  ];
  const found = (subtype: HaemorrhageFinding['subtype'], values: readonly number[]): HaemorrhageFinding => {
    const slices = frames
      .map(({ sopInstanceUid, frameNumber }, slice) => ({
        sopInstanceUid,
        frameNumber,
        probability: values[slice]!,
      }))
      .filter(({ probability }) => probability >= 0.1);
    const peak = slices.reduce((best, slice) => (slice.probability > best.probability ? slice : best));
    return {
      kind: 'haemorrhage',
      subtype,
      probability: peak.probability,
      slices: [slices[0]!, ...slices.slice(1)],
      centreLpsMm: null,
      volumeMm3: null,
      keySopInstanceUid: peak.sopInstanceUid,
      keyFrameNumber: peak.frameNumber,
    };
  };
  const findings = {
    ...input.findings,
    pipeline: 'ncct-haemorrhage',
    probability: 0.95,
    findings: [found('intraparenchymal', curves[2]!.values), found('intraventricular', curves[3]!.values)],
  } as unknown as SeriesFindings;
  const output = {
    ...input.output!,
    findings,
    image: null,
    maps: null,
    candidates: [],
    sliceProbabilities: curves,
  };
  const card = {
    ...input.card,
    title: 'Haemorrhage in head CT (curves made up to show the page)',
    limits: ['Made-up values: this version ships no haemorrhage model'],
  };
  return { ...input, card, findings, output };
}

async function save(state: string, result: ResultInstance): Promise<void> {
  const { kind } = result;
  const { attributes } = readInstance(Buffer.concat([part10Header(result), result.dataset]));
  const number = attributes.text('InstanceNumber') ?? '1';
  const name = path.join(out, `${state}-${kind}-${number}`);
  if (kind === 'pdf') writeFileSync(`${name}.pdf`, attributes.raw('EncapsulatedDocument')!.bytes);
  else if (!kind.startsWith('heatmap') || number === '22' || kind === 'heatmap-multiframe') {
    const frames = kind === 'cine' ? [0, 3, 9, 18, 27] : kind === 'heatmap-multiframe' ? [21] : [0];
    for (const frame of frames)
      await savePixels(`${name}${frame > 0 ? `-${frame}` : ''}.png`, attributes, frame);
  }
}

async function savePixels(
  file: string,
  attributes: ReturnType<typeof readInstance>['attributes'],
  frame: number,
): Promise<void> {
  const [width, height] = [attributes.number('Columns')!, attributes.number('Rows')!];
  const channels = attributes.number('SamplesPerPixel') === 3 ? 3 : 1;
  const bytes = width * height * channels;
  const pixels = Buffer.from(attributes.raw('PixelData')!.bytes).subarray(frame * bytes, (frame + 1) * bytes);
  const picture = sharp(pixels, { raw: { width, height, channels } });
  const png = await picture.png({ compressionLevel: 9, palette: true, colours: 128 }).toBuffer();
  writeFileSync(file, png);
}
