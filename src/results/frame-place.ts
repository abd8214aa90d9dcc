import type { PointLpsMm } from '../findings/index.ts';
import { axesOf, dot, type FrameGeometry, type Vector } from '../volume/index.ts';

/**
 * Where a point of the patient falls on an image: column and row with fractions, the upper left corner of the upper left pixel
 * is 0, 0, so that the middle of that pixel is 0.5, 0.5 (PS3.3 C.18.6, C.10.5.1.2).
 */
export function pixelOf(frame: FrameGeometry, point: PointLpsMm): readonly [number, number] {
  const [alongRow, downColumn] = axesOf(frame);
  const path: Vector = [
    point[0] - frame.imagePositionPatient[0],
    point[1] - frame.imagePositionPatient[1],
    point[2] - frame.imagePositionPatient[2],
  ];
  const [rowSpacing, columnSpacing] = frame.pixelSpacing;
  return [dot(path, alongRow) / columnSpacing + 0.5, dot(path, downColumn) / rowSpacing + 0.5];
}
