export { frameGeometries, type FrameGeometry, type Vector } from './frame-geometry.ts';
export { loadVolume, type LoadedSeries } from './load.ts';
export { encodeNifti } from './nifti-write.ts';
export { indexToLps, lpsToIndex, planeDistanceMm, toLpsOrientation } from './orientation.ts';
export { checkStack, type Orientation, type StackOutcome } from './stack.ts';
export type { Size, Volume } from './types.ts';
export { axesOf, dot, subtract } from './vectors.ts';
export { labelComponents } from './components.ts';
export { headMask, solid, type HeadMaskOptions } from './head-mask.ts';
export { median } from './median.ts';
export { masked, percentiles } from './percentile.ts';
export { resampleIsotropic, type Resampling } from './resample/index.ts';
export { gaussianSmooth } from './smooth.ts';
export { sobelMagnitude } from './sobel.ts';
export { dilated, eroded } from './morphology.ts';
export { sampleAt, sampleSlice } from './sample.ts';
export { reboxed } from './rebox.ts';
export { maxOverCoveringWindows, windowMean } from './windows.ts';
export { correctBias } from './bias/index.ts';
export { distanceTransform } from './distance.ts';
export { maskOnGrid } from './nearest.ts';
export { readNifti } from './nifti-read.ts';
export { vesselness } from './vesselness.ts';
export { eigenvalues } from './eigenvalues.ts';
export {
  applied,
  inverse,
  registerByArteries,
  registrationGridMm,
  type HeadImage,
  type Registration,
  type RegistrationQuality,
  type RigidTransform,
} from './registration/index.ts';
