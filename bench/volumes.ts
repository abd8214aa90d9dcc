import { readFileSync } from 'node:fs';
import { readInstance, type Dataset } from '../src/dicom/index.ts';
import {
  indexToLps,
  loadVolume,
  sampleSlice,
  toLpsOrientation,
  type Size,
  type Volume,
} from '../src/volume/index.ts';
import { ctInstances, headWith } from '../test/support/cta-phantom.ts';
import { headCtFiles, sampleDatasets, sampleInstances } from '../test/support/sample.ts';

/** Series as scanners send them, made of the small ones that tests have: what is seen hardly moves time and memory, how many voxels it has does. */
type Slices = readonly Dataset[];

/** The sample angiogram on 512 x 512 x 160 voxels of 16 bits. */
export async function fineTof(): Promise<Slices> {
  const { volume } = await loadVolume(sampleInstances());
  const fine = onGrid(toLpsOrientation(volume), [512, 512, 160]);
  const common = (await sampleDatasets())[0]!;
  const [columns, rows, slices] = fine.size;
  return Array.from({ length: slices }, (_, index) => ({
    ...common,
    SOPInstanceUID: `2.25.99${String(index).padStart(6, '0')}`,
    SeriesInstanceUID: '2.25.990',
    InstanceNumber: index + 1,
    Rows: rows,
    Columns: columns,
    PixelSpacing: [fine.spacingMm[1], fine.spacingMm[0]].map(text),
    SliceThickness: text(fine.spacingMm[2]),
    ImagePositionPatient: indexToLps(fine, [0, 0, index]).map(text),
    ImageOrientationPatient: [...fine.directions[0], ...fine.directions[1]].map(text),
    PixelData: new Uint8Array(Uint16Array.from(sliceOf(fine, index)).buffer),
  }));
}

/** A sac on an artery, and two further vessels, in a head of 15 cm: 512 x 512 x 160. */
export function fineCta(): Slices {
  const head = headWith(
    [{ centre: [8, -6, 4], radius: 3, hu: 380 }],
    { x: 8, y: -9, radius: 1.4, hu: 380 },
    { x: -10, y: -18, radius: 3.2, hu: 380 },
  );
  return ctInstances(onGrid({ ...head, spacingMm: [1.2, 1.2, 1.2] }, [512, 512, 160]));
}

/** The sample head CT on 512 x 512 voxels and so many slices. */
export async function headCt(slices: number): Promise<Slices> {
  const { volume } = await loadVolume(headCtFiles().map((name) => readInstance(readFileSync(name))));
  return ctInstances(onGrid(toLpsOrientation(volume), [512, 512, slices]));
}

/** Trilinear, from the middle of the first voxel to that of the last. */
function onGrid(volume: Volume, size: Size): Volume {
  // a hair less than all, so that rounding puts nothing outside
  const spacingMm = size.map(
    (n, axis) => ((volume.size[axis]! - 1) * volume.spacingMm[axis]! * (1 - 1e-9)) / (n - 1),
  ) as unknown as Size;
  const grid = { ...volume, size, spacingMm };
  const data = new Float32Array(size[0] * size[1] * size[2]);
  for (let slice = 0; slice < size[2]; slice += 1)
    data.set(sampleSlice(volume, grid, slice), slice * size[0] * size[1]);
  return { ...grid, data };
}

function sliceOf({ data, size }: Volume, index: number): Float32Array {
  const plane = size[0] * size[1];
  return data.subarray(index * plane, (index + 1) * plane);
}

function text(value: number): string {
  return value.toFixed(6);
}
