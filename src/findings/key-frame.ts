import { axesOf, dot, type FrameGeometry } from '../volume/index.ts';
import type { KeyFrame, PointLpsMm } from './types.ts';

/** The source frame whose plane passes nearest to a point. */
export function keyFrame(point: PointLpsMm, frames: readonly FrameGeometry[]): KeyFrame {
  const distance = (frame: FrameGeometry): number => {
    const [, , normal] = axesOf(frame);
    return Math.abs(dot(point, normal) - dot(frame.imagePositionPatient, normal));
  };
  const nearest = frames.reduce((best, frame) => (distance(frame) < distance(best) ? frame : best));
  return { keySopInstanceUid: nearest.sopInstanceUid, keyFrameNumber: nearest.frameNumber };
}
