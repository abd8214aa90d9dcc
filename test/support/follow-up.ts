import type { Dataset } from '../../src/dicom/index.ts';
import { indexToLps, loadVolume, type Volume } from '../../src/volume/index.ts';
import { headMove, movedHead } from './moved-head.ts';
import { sampleDatasets, sampleInstances } from './sample.ts';

type Point = readonly [number, number, number];

/** The sample's patient a year on: one aneurysm has another diameter, and the head lies otherwise. */
export async function followUp(study: {
  readonly uid: string;
  readonly studyDate: string;
  readonly grown: { readonly centreLpsMm: Point; readonly diameterMm: number };
  readonly degrees: Point;
  readonly shiftMm: Point;
}): Promise<readonly Dataset[]> {
  const { volume, frames } = await loadVolume(sampleInstances());
  const grown = withBall(volume, study.grown);
  const { data } = movedHead(grown, headMove(volume, study.degrees, study.shiftMm));
  const slices = await sampleDatasets();
  const plane = volume.size[0] * volume.size[1];
  const order = sampleInstances().map(({ sopInstanceUid }) =>
    frames.findIndex((frame) => frame.sopInstanceUid === sopInstanceUid),
  );
  return slices.map((slice, index) => ({
    ...slice,
    StudyInstanceUID: study.uid,
    SeriesInstanceUID: `${study.uid}.1`,
    FrameOfReferenceUID: `${study.uid}.2`,
    SOPInstanceUID: `${study.uid}.3.${index + 1}`,
    StudyDate: study.studyDate,
    PixelData: pixels(data.subarray(order[index]! * plane, (order[index]! + 1) * plane)),
  }));
}

/** A ball of blood as bright as what lies at its centre, its edge as soft as a voxel. */
function withBall(
  volume: Volume,
  { centreLpsMm, diameterMm }: { readonly centreLpsMm: Point; readonly diameterMm: number },
): Volume {
  const [nx, ny] = volume.size;
  const data = Float32Array.from(volume.data);
  const distances = data.map((_, index) => {
    const at = indexToLps(volume, [index % nx, Math.floor(index / nx) % ny, Math.floor(index / (nx * ny))]);
    return Math.hypot(at[0] - centreLpsMm[0], at[1] - centreLpsMm[1], at[2] - centreLpsMm[2]);
  });
  const blood = data[distances.indexOf(distances.reduce((least, mm) => Math.min(least, mm), Infinity))]!;
  for (let index = 0; index < data.length; index += 1) {
    const share = Math.max(0, Math.min(1, diameterMm / 2 + 0.4 - distances[index]!));
    data[index] = Math.max(data[index]!, data[index]! + share * (blood - data[index]!));
  }
  return { ...volume, data };
}

/** Unsigned, 16 bits, little-endian. */
function pixels(values: Float32Array): Uint8Array {
  return new Uint8Array(Uint16Array.from(values, (value) => Math.max(0, Math.round(value))).buffer);
}
