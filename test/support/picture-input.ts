import { readFileSync } from 'node:fs';
import path from 'node:path';
import {
  encodeDataset,
  part10Header,
  readInstance,
  type Attributes,
  type Dataset,
} from '../../src/dicom/index.ts';
import type { AneurysmFinding, SeriesFindings } from '../../src/findings/index.ts';
import type { BundleManifest } from '../../src/inference/index.ts';
import type { PipelineOutput } from '../../src/pipelines/index.ts';
import type { ResultInput } from '../../src/results/index.ts';
import {
  indexToLps,
  lpsToIndex,
  type FrameGeometry,
  type Vector,
  type Volume,
} from '../../src/volume/index.ts';

const models = path.join(import.meta.dirname, '..', '..', 'models', 'tof-patch');
export const card = JSON.parse(readFileSync(path.join(models, 'model.json'), 'utf8')) as BundleManifest;

/** A small made-up head, 1 mm voxels: tissue 0.3, and a bright ball at each place. LPS orientation. */
export function madeVolume(places: readonly Vector[], size: Vector = [90, 110, 60]): Volume {
  const volume = {
    size,
    spacingMm: [1, 1, 1] as const,
    originLpsMm: [-45, -55, -30] as const,
    directions: [
      [1, 0, 0],
      [0, 1, 0],
      [0, 0, 1],
    ] as const,
    data: new Float32Array(size[0] * size[1] * size[2]).fill(0.3),
  };
  for (const place of places) ball(volume, place, 3, 1);
  return volume;
}

function ball(volume: Volume, place: Vector, radius: number, value: number): void {
  const [nx, ny] = volume.size;
  const centre = lpsToIndex(volume, place).map(Math.round) as unknown as Vector;
  for (let k = -radius; k <= radius; k += 1) {
    for (let j = -radius; j <= radius; j += 1) {
      for (let i = -radius; i <= radius; i += 1) {
        if (Math.hypot(i, j, k) > radius) continue;
        volume.data[centre[0] + i + nx * (centre[1] + j + ny * (centre[2] + k))] = value;
      }
    }
  }
}

/** Attributes as a source would have them. */
export function attributesOf(changes: Dataset = {}): Attributes {
  const dataset = encodeDataset({
    SOPClassUID: '1.2.840.10008.5.1.4.1.1.4',
    SOPInstanceUID: '2.25.1',
    StudyInstanceUID: '2.25.2',
    SeriesInstanceUID: '2.25.3',
    PatientName: 'Doe^Jane',
    PatientID: '4711',
    StudyDate: '20261121',
    Modality: 'MR',
    SeriesNumber: 5,
    SeriesDescription: 'TOF_3D_multi-slab',
    ...changes,
  });
  const header = part10Header({
    sopClassUid: '1.2.840.10008.5.1.4.1.1.4',
    sopInstanceUid: '2.25.1',
    transferSyntaxUid: '1.2.840.10008.1.2.1',
  });
  return readInstance(Buffer.concat([header, dataset])).attributes;
}

function framesOf(volume: Volume): readonly FrameGeometry[] {
  const [columns, rows, count] = volume.size;
  return Array.from({ length: count }, (_, index) => ({
    sopInstanceUid: `2.25.10${index}`,
    sopClassUid: '1.2.840.10008.5.1.4.1.1.4',
    frameNumber: null,
    sourceSopInstanceUid: `2.25.10${index}`,
    imagePositionPatient: indexToLps(volume, [0, 0, index]),
    imageOrientationPatient: [1, 0, 0, 0, 1, 0],
    pixelSpacing: [1, 1],
    rows,
    columns,
    frameOfReferenceUid: '2.25.4',
    temporalIndex: 0,
  }));
}

export function aneurysmAt(centreLpsMm: Vector, changes: Partial<AneurysmFinding> = {}): AneurysmFinding {
  return {
    kind: 'aneurysm',
    probability: 0.93,
    centreLpsMm,
    maxDiameterMm: 6,
    volumeMm3: 113,
    site: { value: '88556005', scheme: 'SCT', meaning: 'Cerebral artery', laterality: 'left' },
    keySopInstanceUid: `2.25.10${Math.round(centreLpsMm[2] + 30)}`,
    keyFrameNumber: null,
    ...changes,
  };
}

/** A whole input for pictures from made-up voxels; places are what was found. */
export function madeInput(
  places: readonly Vector[],
  changes: Partial<ResultInput> & { readonly attributes?: Attributes } = {},
): ResultInput {
  const volume = madeVolume(places);
  const probability = { ...volume, data: new Float32Array(volume.data.length) };
  for (const place of places) ball(probability, place, 3, 0.9);
  const found = places.map((place) => aneurysmAt(place));
  const findings = stateOf(found);
  const output: PipelineOutput = {
    findings,
    candidates: found,
    image: volume,
    maps: { probability, patchProbability: probability, evidence: probability },
  };
  const { attributes = attributesOf(), ...more } = changes;
  return {
    output,
    findings,
    source: {
      attributes,
      frames: framesOf(volume),
      sourceInstances: framesOf(volume).map(({ sopClassUid, sopInstanceUid }) => ({
        sopClassUid,
        sopInstanceUid,
      })),
    },
    volume,
    card,
    identity: {
      inputSha256: 'made',
      bundleSha256: 'made',
      version: 1,
      supersedes: null,
      completeness: '60 slices',
    },
    createdAt: new Date(Date.UTC(2026, 10, 21, 12)),
    softwareVersions: '0.1.0',
    ...more,
  };
}

export function stateOf(found: readonly SeriesFindings['findings'][number][]): SeriesFindings {
  const common = {
    seriesInstanceUid: '2.25.3',
    pipeline: 'tof-patch',
    bundle: { id: card.id, version: card.version, sha256: 'ab'.repeat(32) },
    timingsMs: { load: 0, preprocess: 0, inference: 0, results: 0 },
  };
  const [first, ...rest] = found;
  return first === undefined
    ? { ...common, state: 'no-findings', probability: 0.01, findings: [] }
    : { ...common, state: 'findings', probability: first.probability, findings: [first, ...rest] };
}
