import type { BundleManifest } from './manifest.ts';

/** The box around a place that a network judges it by. */
export interface NetworkInput {
  /** To the Left, Posterior and Superior. */
  readonly voxels: readonly [number, number, number];
  readonly spacingMm: number;
}

/** What the network that decides about a finding is given of its surroundings; null where it reads whole slices. */
export function networkInputOf(manifest: BundleManifest): NetworkInput | null {
  switch (manifest.pipeline) {
    case 'tof-patch':
      return { voxels: cube(manifest.network.patchSize), spacingMm: manifest.preprocessing.spacingMm };
    case 'tof-coarse-fine':
      return { voxels: cube(manifest.fine.voi), spacingMm: manifest.preprocessing.spacingMm };
    case 'cta-resnet': {
      const { pixels, slices, spacingMm } = manifest.preprocessing;
      // the outermost slices are the neighbours of the ones that are judged
      return { voxels: [pixels, pixels, slices + 2], spacingMm };
    }
    case 'ncct-haemorrhage':
      return null;
  }
}

function cube(side: number): [number, number, number] {
  return [side, side, side];
}
