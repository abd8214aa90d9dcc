import { z } from 'zod';
import { ctaResnetManifest } from './manifests/cta-resnet.ts';
import { ncctHaemorrhageManifest } from './manifests/ncct-haemorrhage.ts';
import { tofPatchManifest } from './manifests/tof-patch.ts';

/** `model.json` of a bundle: what it accepts, how its input is made, how its output is read, and what was measured; one form a pipeline. */
export const manifestSchema = z.discriminatedUnion('pipeline', [
  tofPatchManifest,
  ncctHaemorrhageManifest,
  ctaResnetManifest,
]);

export type BundleManifest = z.infer<typeof manifestSchema>;
export type PipelineId = BundleManifest['pipeline'];
export type ManifestOf<Id extends PipelineId> = Extract<BundleManifest, { readonly pipeline: Id }>;

/** Every network file that a manifest names. */
export function networkFilesOf(
  manifest: BundleManifest,
): readonly { readonly file: string; readonly sha256: string }[] {
  return 'networks' in manifest ? manifest.networks : [manifest.network];
}
