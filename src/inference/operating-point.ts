import type { HaemorrhageSubtype } from '../findings/index.ts';
import type { BundleManifest } from './manifest.ts';
import { haemorrhageClasses } from './manifests/ncct-haemorrhage.ts';

/** The probability from which a bundle calls something a finding; of a class where it has one for each. */
export function findingThreshold(manifest: BundleManifest, of: 'any' | HaemorrhageSubtype = 'any'): number {
  switch (manifest.pipeline) {
    case 'ncct-haemorrhage':
      return manifest.operatingPoint.thresholds[haemorrhageClasses.indexOf(of)]!;
    case 'cta-resnet':
      return manifest.operatingPoint.threshold;
    case 'tof-patch':
      return manifest.operatingPoint.findingThreshold;
  }
}
