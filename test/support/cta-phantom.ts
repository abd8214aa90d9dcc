import type { Dataset } from '../../src/dicom/index.ts';
import { indexToLps, type Volume } from '../../src/volume/index.ts';
import { greyPixels } from './grey-pixels.ts';

/** A ball of brain of 40 mm in a shell of skull of 6 mm and scalp, with balls and straight tubes along z in it. */
export function headWith(
  balls: readonly Ball[],
  ...tubes: readonly {
    readonly x: number;
    readonly y: number;
    readonly radius: number;
    readonly hu: number;
  }[]
): Volume {
  const volume = boxVolume([128, 128, 128], 0.8, [-51, -51, -51]);
  const edge = (distance: number): number => Math.max(0, Math.min(1, 0.5 - distance / 0.8));
  volume.data.forEach((_, index) => {
    const point = indexToLps(volume, [
      index % 128,
      Math.floor(index / 128) % 128,
      Math.floor(index / (128 * 128)),
    ]);
    const radius = Math.hypot(...point);
    let hu = radius > 50 ? -1000 : radius > 46 ? 20 : radius > 40 ? 900 : 35;
    if (radius < 38) {
      for (const ball of balls) {
        const cover = edge(
          Math.hypot(...point.map((value, axis) => value - ball.centre[axis]!)) - ball.radius,
        );
        hu = hu * (1 - cover) + ball.hu * cover;
      }
      for (const tube of tubes) {
        const cover = edge(Math.hypot(point[0] - tube.x, point[1] - tube.y) - tube.radius);
        hu = Math.max(hu, hu * (1 - cover) + tube.hu * cover);
      }
    }
    volume.data[index] = hu;
  });
  return volume;
}

export interface Ball {
  readonly centre: readonly [number, number, number];
  readonly radius: number;
  readonly hu: number;
}

export function boxVolume(
  size: readonly [number, number, number],
  step: number,
  originLpsMm: readonly [number, number, number],
): Volume {
  return {
    size,
    spacingMm: [step, step, step],
    originLpsMm,
    directions: [
      [1, 0, 0],
      [0, 1, 0],
      [0, 0, 1],
    ],
    data: new Float32Array(size[0] * size[1] * size[2]),
  };
}

/** A volume with upright axes as CT instances, one a z slice; stored value 1024 is water. */
export function ctInstances(volume: Volume): readonly Record<string, Dataset[string]>[] {
  const [nx, ny, nz] = volume.size;
  const plane = nx * ny;
  return Array.from({ length: nz }, (_, slice) => ({
    SOPClassUID: '1.2.840.10008.5.1.4.1.1.2',
    SOPInstanceUID: `2.25.9100${slice}`,
    StudyInstanceUID: '2.25.91',
    SeriesInstanceUID: '2.25.92',
    FrameOfReferenceUID: '2.25.93',
    Modality: 'CT',
    ImageType: ['ORIGINAL', 'PRIMARY', 'AXIAL'],
    SeriesDescription: 'CTA head',
    BodyPartExamined: 'HEAD',
    InstanceNumber: String(slice + 1),
    ImagePositionPatient: indexToLps(volume, [0, 0, slice]).map(String),
    ImageOrientationPatient: ['1', '0', '0', '0', '1', '0'],
    PixelSpacing: [String(volume.spacingMm[1]), String(volume.spacingMm[0])],
    SliceThickness: String(volume.spacingMm[2]),
    RescaleIntercept: '-1024',
    RescaleSlope: '1',
    ...greyPixels(ny, nx),
    PixelData: new Uint8Array(
      Uint16Array.from(volume.data.subarray(slice * plane, (slice + 1) * plane), (hu) =>
        Math.round(hu + 1024),
      ).buffer,
    ),
  }));
}
