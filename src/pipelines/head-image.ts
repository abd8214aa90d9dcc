import type { PipelineId } from '../inference/index.ts';
import {
  headMask,
  registrationGridMm,
  resampleIsotropic,
  type HeadImage,
  type Volume,
} from '../volume/index.ts';
import { lookAtHead } from './cta-resnet/head.ts';

/** As the bundle tof-patch finds the head. */
const headRecipe = { relativeThreshold: 0.1, referencePercentile: 99.0 };

/** What a pipeline's series are registered by: arteries bright, bone dark. Null where the pipeline reads no arteries. */
export function headImage(pipeline: PipelineId, source: Volume): HeadImage | null {
  return images[pipeline](source);
}

const images: Readonly<Record<PipelineId, (source: Volume) => HeadImage | null>> = {
  'tof-patch': angiogram,
  'tof-coarse-fine': angiogram,
  'cta-resnet': contrastFilled,
  'ncct-haemorrhage': () => null,
};

function angiogram(source: Volume): HeadImage {
  const image = resampleIsotropic(source, registrationGridMm);
  return { image, inside: headMask(image, headRecipe) };
}

function contrastFilled(source: Volume): HeadImage {
  const { vesselImage, inside, volume } = lookAtHead(source);
  const image = resampleIsotropic(vesselImage, registrationGridMm);
  const onGrid = resampleIsotropic({ ...volume, data: Float32Array.from(inside) }, registrationGridMm);
  return { image, inside: Uint8Array.from(onGrid.data, (share) => (share > 0.5 ? 1 : 0)) };
}
