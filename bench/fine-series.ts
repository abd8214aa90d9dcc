import { loadVolume } from '../src/volume/index.ts';
import { sampleDatasets, sampleInstances, writeDatasets } from '../test/support/sample.ts';

const [columns, rows, slices] = [512, 512, 160];

/** The sample head on a grid as scanners send it, 512 x 512 x 160 voxels of 16 bits, by trilinear interpolation; returns the files. */
export async function writeFineSeries(folder: string): Promise<readonly string[]> {
  const { volume, frames } = await loadVolume(sampleInstances());
  const common = (await sampleDatasets())[0]!;
  const steps = [columns, rows, slices].map((n, axis) => (volume.size[axis]! - 1) / (n - 1));
  const [x, y, z] = steps as [number, number, number];
  const datasets = Array.from({ length: slices }, (_, index) => ({
    ...common,
    SOPInstanceUID: `2.25.99${String(index).padStart(6, '0')}`,
    SeriesInstanceUID: '2.25.990',
    InstanceNumber: index + 1,
    Rows: rows,
    Columns: columns,
    PixelSpacing: [volume.spacingMm[1] * y, volume.spacingMm[0] * x].map(text),
    SliceThickness: text(volume.spacingMm[2] * z),
    ImagePositionPatient: volume.originLpsMm.map((value, axis) =>
      text(value + index * z * volume.spacingMm[2] * volume.directions[2][axis]!),
    ),
    ImageOrientationPatient: [...frames[0]!.imageOrientationPatient].map(text),
    PixelData: slice(volume, index * z, [x, y]),
  }));
  return await writeDatasets(datasets, folder);
}

function text(value: number): string {
  return value.toFixed(6);
}

function slice(
  volume: { readonly data: Float32Array; readonly size: readonly [number, number, number] },
  z: number,
  step: readonly [number, number],
): Uint8Array {
  const [nx, ny, nz] = volume.size;
  const out = new Uint16Array(columns * rows);
  const k = Math.min(Math.floor(z), nz - 2);
  for (let row = 0; row < rows; row += 1) {
    const j = Math.min(Math.floor(row * step[1]), ny - 2);
    for (let column = 0; column < columns; column += 1) {
      const i = Math.min(Math.floor(column * step[0]), nx - 2);
      const [wx, wy, wz] = [column * step[0] - i, row * step[1] - j, z - k];
      let sum = 0;
      for (const [dk, weightK] of [
        [0, 1 - wz],
        [1, wz],
      ] as const)
        for (const [dj, weightJ] of [
          [0, 1 - wy],
          [1, wy],
        ] as const) {
          const at = i + nx * (j + dj + ny * (k + dk));
          sum += weightK * weightJ * (volume.data[at]! * (1 - wx) + volume.data[at + 1]! * wx);
        }
      out[row * columns + column] = sum;
    }
  }
  return new Uint8Array(out.buffer);
}
