import { readFileSync } from 'node:fs';
import path from 'node:path';
import {
  encodeDataset,
  part10Header,
  readInstance,
  type Dataset,
  type Instance,
} from '../../src/dicom/index.ts';
import type {
  AneurysmFinding,
  Finding,
  HaemorrhageFinding,
  HaemorrhageSubtype,
  PointLpsMm,
  SeriesFindings,
} from '../../src/findings/index.ts';
import type { BundleManifest } from '../../src/inference/index.ts';
import type { ResultInput } from '../../src/results/index.ts';
import {
  frameGeometries,
  indexToLps,
  lpsToIndex,
  type FrameGeometry,
  type Volume,
} from '../../src/volume/index.ts';
import { greyPixels } from './grey-pixels.ts';

const manifest = path.join(import.meta.dirname, '..', '..', 'models', 'tof-patch', 'model.json');
const card = JSON.parse(readFileSync(manifest, 'utf8')) as BundleManifest;

/** Where the map is cut: at the surface of a made ball. */
const cutAt = card.pipeline === 'tof-patch' ? card.candidates.localisationThreshold : 0.5;

const mrImageStorage = '1.2.840.10008.5.1.4.1.1.4';
const ctImageStorage = '1.2.840.10008.5.1.4.1.1.2';
const enhancedMrImageStorage = '1.2.840.10008.5.1.4.1.1.4.1';

export interface MadeSeries {
  readonly modality?: 'MR' | 'CT';
  /** Attributes of the source put over the usual ones. */
  readonly attributes?: Readonly<Record<string, Dataset[string]>>;
  readonly multiFrame?: boolean;
  readonly slices?: number;
  /** Makes the UID of a name; left out: short ones. */
  readonly uid?: (name: string) => string;
  readonly frameOfReferenceUid?: string;
}

/** A series of grey slices, a little oblique, with its geometry: what results are made on, without any voxel of interest. */
export function madeSource(series: MadeSeries = {}): Pick<ResultInput, 'source' | 'volume'> {
  const instances = series.multiFrame === true ? [multiFrame(series)] : singleFrames(series);
  const frames = instances.flatMap((one) =>
    frameGeometries(one.sopClassUid, one.sopInstanceUid, one.attributes),
  );
  return {
    source: {
      attributes: instances[0]!.attributes,
      frames,
      sourceInstances: instances.map(({ sopClassUid, sopInstanceUid }) => ({ sopClassUid, sopInstanceUid })),
    },
    volume: volumeOf(frames),
  };
}

/** A result input in any state; findings lie where they say, the localisation map is high around aneurysms. */
export function madeInput(
  made: Pick<ResultInput, 'source' | 'volume'>,
  state: MadeState,
  more: Partial<ResultInput['identity']> = {},
): ResultInput {
  const analysed = state.state !== 'not-analysed';
  const findings: SeriesFindings = {
    seriesInstanceUid: made.source.attributes.text('SeriesInstanceUID') ?? '',
    pipeline: state.pipeline ?? 'tof-patch',
    bundle: { id: card.id, version: card.version, sha256: 'b'.repeat(64) },
    timingsMs: { load: 1, preprocess: 1, inference: 1, results: 1 },
    ...stateOf(state),
  };
  return {
    findings,
    output: analysed ? outputOf(made, findings) : null,
    ...made,
    volume: analysed ? made.volume : null,
    card,
    identity: {
      inputSha256: 'a'.repeat(64),
      bundleSha256: 'b'.repeat(64),
      version: 1,
      supersedes: null,
      completeness: '12 slices',
      ...more,
    },
    createdAt: new Date(Date.UTC(2026, 10, 21, 9, 30)),
    softwareVersions: '0.1.0',
  };
}

export interface MadeState {
  readonly state: SeriesFindings['state'];
  readonly pipeline?: string;
  readonly findings?: readonly Finding[];
}

/** An aneurysm on the slice in the middle between two voxels, `offset` voxels along each axis from the middle. */
export function madeAneurysm(
  { source, volume }: Pick<ResultInput, 'source' | 'volume'>,
  offset: readonly [number, number, number],
  more: Partial<AneurysmFinding> = {},
): AneurysmFinding {
  const [nx, ny, nz] = volume!.size;
  const slice = Math.floor(nz / 2) + offset[2];
  const centreLpsMm = indexToLps(volume!, [nx / 2 + offset[0] + 0.25, ny / 2 + offset[1] + 0.25, slice]);
  return {
    kind: 'aneurysm',
    probability: 0.875,
    centreLpsMm,
    maxDiameterMm: 5.125,
    volumeMm3: 61.5,
    site: {
      value: '8012006',
      scheme: 'SCT',
      meaning: 'Anterior communicating artery',
      laterality: 'left',
    },
    ...keyOf(source.frames[slice]!),
    ...more,
  };
}

export function madeHaemorrhage(
  { source, volume }: Pick<ResultInput, 'source' | 'volume'>,
  subtype: HaemorrhageSubtype,
  place: 'slices' | 'centre',
): HaemorrhageFinding {
  const slices = [3, 4, 5].map((slice) => {
    const { keySopInstanceUid, keyFrameNumber } = keyOf(source.frames[slice]!);
    return { sopInstanceUid: keySopInstanceUid, frameNumber: keyFrameNumber, probability: 0.5 + slice / 16 };
  });
  return {
    kind: 'haemorrhage',
    subtype,
    probability: 0.8125,
    slices: slices as unknown as HaemorrhageFinding['slices'],
    centreLpsMm: place === 'centre' ? indexToLps(volume!, [20, 15, 5]) : null,
    volumeMm3: place === 'centre' ? 1250.5 : null,
    ...keyOf(source.frames[5]!),
  };
}

function keyOf(frame: FrameGeometry): { keySopInstanceUid: string; keyFrameNumber: number | null } {
  return { keySopInstanceUid: frame.sopInstanceUid, keyFrameNumber: frame.frameNumber };
}

type State =
  | Pick<Extract<SeriesFindings, { state: 'findings' }>, 'state' | 'probability' | 'findings'>
  | Pick<Extract<SeriesFindings, { state: 'no-findings' }>, 'state' | 'probability' | 'findings'>
  | Pick<Extract<SeriesFindings, { state: 'not-analysed' }>, 'state' | 'reason' | 'findings'>;

function stateOf({ state, findings = [] }: MadeState): State {
  if (state === 'not-analysed')
    return { state, reason: { code: 'SLICE_GAP', text: 'Schichtlücke: a slice is missing.' }, findings: [] };
  if (state === 'no-findings') return { state, probability: 0.015625, findings: [] };
  const [first, ...rest] = findings;
  return { state, probability: 0.875, findings: [first!, ...rest] };
}

const rows = 40;
const columns = 48;
const spacing = { row: 0.6, column: 0.5, slice: 0.8 };
/** Turned 10 degrees about the x axis. */
const tilt = (10 * Math.PI) / 180;
const orientation = [1, 0, 0, 0, Math.cos(tilt), Math.sin(tilt)];
const normal = [0, -Math.sin(tilt), Math.cos(tilt)];

function positionOf(slice: number): readonly string[] {
  return normal.map((axis, index) =>
    (([-12.5, -20.25, 30][index] ?? 0) + axis * slice * spacing.slice).toFixed(6),
  );
}

function common(series: MadeSeries): Record<string, Dataset[string]> {
  const uid = series.uid ?? ((name: string) => `2.25.${[...name].map((c) => c.charCodeAt(0)).join('')}`);
  return {
    StudyInstanceUID: uid('study'),
    SeriesInstanceUID: uid('series'),
    FrameOfReferenceUID: series.frameOfReferenceUid ?? uid('frame'),
    Modality: series.modality ?? 'MR',
    PatientName: 'Doe^Jane',
    PatientID: '4711',
    PatientBirthDate: '19600101',
    PatientSex: 'F',
    StudyDate: '20261120',
    StudyTime: '101112',
    AccessionNumber: 'A1',
    StudyID: '1',
    ReferringPhysicianName: '',
    ...greyPixels(rows, columns),
    ...series.attributes,
  };
}

function singleFrames(series: MadeSeries): readonly Instance[] {
  const uid = series.uid ?? ((name: string) => `2.25.${[...name].map((c) => c.charCodeAt(0)).join('')}`);
  return Array.from({ length: series.slices ?? 12 }, (_, slice) =>
    instanceOf({
      ...common(series),
      SOPClassUID: series.modality === 'CT' ? ctImageStorage : mrImageStorage,
      SOPInstanceUID: uid(`slice ${slice}`),
      ImagePositionPatient: positionOf(slice),
      ImageOrientationPatient: orientation.map((value) => value.toFixed(9)),
      PixelSpacing: [String(spacing.row), String(spacing.column)],
    }),
  );
}

function multiFrame(series: MadeSeries): Instance {
  return instanceOf({
    ...common(series),
    SOPClassUID: enhancedMrImageStorage,
    SOPInstanceUID: '2.25.4242',
    NumberOfFrames: series.slices ?? 12,
    SharedFunctionalGroupsSequence: [
      {
        PlaneOrientationSequence: [{ ImageOrientationPatient: orientation.map((value) => value.toFixed(9)) }],
        PixelMeasuresSequence: [{ PixelSpacing: [String(spacing.row), String(spacing.column)] }],
      },
    ],
    PerFrameFunctionalGroupsSequence: Array.from({ length: series.slices ?? 12 }, (_, slice) => ({
      PlanePositionSequence: [{ ImagePositionPatient: positionOf(slice) }],
    })),
  });
}

function instanceOf(dataset: Dataset): Instance {
  const meta = part10Header({
    sopClassUid: dataset['SOPClassUID'] as string,
    sopInstanceUid: dataset['SOPInstanceUID'] as string,
    transferSyntaxUid: '1.2.840.10008.1.2.1',
  });
  return readInstance(Buffer.concat([meta, encodeDataset(dataset)]));
}

function volumeOf(frames: readonly FrameGeometry[]): Volume {
  const [a, b, c, d, e, f] = frames[0]!.imageOrientationPatient;
  return {
    size: [columns, rows, frames.length],
    spacingMm: [spacing.column, spacing.row, spacing.slice],
    originLpsMm: frames[0]!.imagePositionPatient,
    directions: [
      [a, b, c],
      [d, e, f],
      [b * f - c * e, c * d - a * f, a * e - b * d],
    ],
    data: new Float32Array(columns * rows * frames.length).fill(100),
  };
}

/** A map on a 1 mm grid whose probability falls through 0.5 at the surface of a ball of each aneurysm's diameter. */
function outputOf(made: Pick<ResultInput, 'volume'>, findings: SeriesFindings): ResultInput['output'] {
  const grid: Volume = {
    ...made.volume!,
    size: [24, 24, 10],
    spacingMm: [1, 1, 1],
    data: new Float32Array(24 * 24 * 10),
  };
  const balls = (findings.findings as readonly Finding[]).flatMap((finding) =>
    finding.kind === 'aneurysm' ? [{ at: finding.centreLpsMm, radius: finding.maxDiameterMm / 2 }] : [],
  );
  for (let index = 0; index < grid.data.length; index += 1) {
    const point = indexToLps(grid, [index % 24, Math.floor(index / 24) % 24, Math.floor(index / 576)]);
    for (const { at, radius } of balls)
      grid.data[index] = Math.max(grid.data[index]!, falling(point, at, radius));
  }
  return {
    findings,
    candidates: [],
    image: grid,
    maps: { probability: grid, patchProbability: grid, evidence: grid },
  };
}

function falling(point: PointLpsMm, centre: PointLpsMm, radius: number): number {
  const distance = Math.hypot(...point.map((value, axis) => value - centre[axis]!));
  return Math.max(0, Math.min(1, cutAt + (radius - distance) / 4));
}

/** The voxel index of a point in the source, for expectations. */
export function indexOf(made: Pick<ResultInput, 'volume'>, point: PointLpsMm): readonly number[] {
  return lpsToIndex(made.volume!, point);
}
