import sharp from 'sharp';
import { percentiles, type Size, type Volume } from '../../volume/index.ts';

/** A grey picture, 0..255. */
export interface Grey {
  readonly width: number;
  readonly height: number;
  readonly data: Uint8Array;
}

/** Grey values from `low` (black) to `high` (white). */
export interface Window {
  readonly low: number;
  readonly high: number;
}

const sampleEvery = 97;

/** A window that shows tissue dark and vessels bright: from the 1st to the 99.9th percentile of a sample of the voxels. */
export function windowOf(data: Float32Array): Window {
  const sample = new Float32Array(Math.ceil(data.length / sampleEvery));
  for (let index = 0; index < sample.length; index += 1) sample[index] = data[index * sampleEvery]!;
  const [low = 0, high = 1] = percentiles(sample, [1, 99.9]);
  return { low, high: high > low ? high : low + 1 };
}

export function toGrey(values: Float32Array, size: readonly [number, number], window: Window): Grey {
  const data = new Uint8Array(values.length);
  const scale = 255 / (window.high - window.low);
  for (let index = 0; index < values.length; index += 1) {
    data[index] = Math.max(0, Math.min(255, (values[index]! - window.low) * scale));
  }
  return { width: size[0], height: size[1], data };
}

/**
 * Maximum intensity projection along an axis of a volume in LPS orientation, as radiologists hang it: axial seen from below,
 * coronal from the front (patient's left on the picture's right, superior up), sagittal with anterior on the left.
 */
export function project(
  volume: Volume,
  along: 'x' | 'y' | 'z',
): { readonly values: Float32Array; readonly size: readonly [number, number] } {
  const [nx, ny, nz] = volume.size;
  const size: readonly [number, number] = along === 'z' ? [nx, ny] : along === 'y' ? [nx, nz] : [ny, nz];
  const values = new Float32Array(size[0] * size[1]).fill(-Infinity);
  let index = 0;
  for (let z = 0; z < nz; z += 1) {
    for (let y = 0; y < ny; y += 1) {
      for (let x = 0; x < nx; x += 1, index += 1) {
        const target = pixelOf(along, [x, y, z], volume.size);
        if (volume.data[index]! > values[target]!) values[target] = volume.data[index]!;
      }
    }
  }
  return { values, size };
}

function pixelOf(
  along: 'x' | 'y' | 'z',
  [x, y, z]: readonly [number, number, number],
  [nx, ny, nz]: Size,
): number {
  if (along === 'z') return x + nx * y;
  return (along === 'y' ? x : y) + (along === 'y' ? nx : ny) * (nz - 1 - z);
}

/** A PNG as data URI for an SVG. */
export async function dataUri(grey: Grey): Promise<string> {
  const png = await sharp(Buffer.from(grey.data), {
    raw: { width: grey.width, height: grey.height, channels: 1 },
  })
    .png({ compressionLevel: 1 })
    .toBuffer();
  return `data:image/png;base64,${png.toString('base64')}`;
}
