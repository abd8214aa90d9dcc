import { readFileSync } from 'node:fs';
import path from 'node:path';
import { expect } from 'chai';
import type { BundleOf, Engine } from '../../src/inference/index.ts';
import { tofCoarseFineManifest } from '../../src/inference/manifests/tof-coarse-fine.ts';
import { extractArteries } from '../../src/pipelines/tof-coarse-fine/arteries.ts';
import type { Size, Volume } from '../../src/volume/index.ts';

const folder = path.join(import.meta.dirname, '..', '..', 'models', 'tof-coarse-fine');

describe('arteries by vesselness, as a bundle asks for it', () => {
  const shipped = JSON.parse(readFileSync(path.join(folder, 'model.json'), 'utf8')) as {
    preprocessing: Record<string, unknown>;
    networks: readonly { role: string }[];
  };
  const recipe = {
    ...{ method: 'vesselness', measure: 'frangi', sigmasMm: [0.5, 0.9, 1.5], seedPercentile: 99.9 },
    ...{ growAbove: 0.02, lumenAbove: 0.75, leastValue: 0.5, smallestMm3: 20 },
  };
  const asking = (arteries: unknown, roles = ['coarse', 'fine']): unknown => ({
    ...shipped,
    preprocessing: { ...shipped.preprocessing, arteries },
    networks: shipped.networks.filter(({ role }) => roles.includes(role)),
  });

  it('needs no network for it, and refuses one too many or too few by name', () => {
    expect(tofCoarseFineManifest.safeParse(asking(recipe)).success).to.equal(true);
    const wrong = [
      asking(recipe, ['arteries', 'coarse', 'fine']),
      asking(shipped.preprocessing['arteries']),
      asking(recipe, ['coarse']),
    ];
    for (const manifest of wrong) {
      const issues = tofCoarseFineManifest.safeParse(manifest).error?.issues;
      expect(issues?.map((issue) => issue.path.join('.'))).to.deep.equal(['networks']);
    }
  });

  for (const measure of ['frangi', 'jerman']) {
    it(`${measure}: finds a tube and the sac on it; a plate, a speck and what lies outside stay out`, async () => {
      const size: Size = [64, 60, 56];
      const image = phantom(size);
      const at = (x: number, y: number, z: number): number => x + size[0] * (y + size[1] * z);
      const within = new Uint8Array(image.data.length).fill(1);
      for (let z = 0; z < 8; z += 1) within.fill(0, at(0, 0, z), at(0, 0, z + 1));
      const manifest = tofCoarseFineManifest.parse(asking({ ...recipe, measure }));
      const bundle = { folder, manifest } as unknown as BundleOf<'tof-coarse-fine'>;
      const arteries = await extractArteries(image, within, { bundle, engine: noEngine });
      expect([at(20, 20, 12), at(20, 20, 40), at(26, 20, 28)].map((voxel) => arteries[voxel])).to.deep.equal([
        1, 1, 1,
      ]);
      expect([at(20, 20, 4), at(50, 30, 28), at(40, 8, 28)].map((voxel) => arteries[voxel])).to.deep.equal([
        0, 0, 0,
      ]);
    });
  }
});

/** A tube along z through (20, 20), a sac of 5 mm beside it at z 28, a plate at x 50, a speck at (40, 8, 28); 0.5 mm. */
function phantom(size: Size): Volume {
  const [nx, ny] = size;
  const data = new Float32Array(nx * ny * size[2]).map((_, index) => {
    const [x, y, z] = [index % nx, Math.floor(index / nx) % ny, Math.floor(index / (nx * ny))];
    const tube = soft(Math.hypot(x - 20, y - 20) - 2.5);
    const sac = soft(Math.hypot(x - 26, y - 20, z - 28) - 5);
    const plate = 0.7 * soft(Math.abs(x - 50) - 2);
    const speck = soft(Math.hypot(x - 40, y - 8, z - 28) - 1);
    return 0.2 + 0.7 * Math.max(tube, sac, plate, speck);
  });
  return {
    ...{ size, data, spacingMm: [0.5, 0.5, 0.5], originLpsMm: [0, 0, 0] },
    directions: [
      [1, 0, 0],
      [0, 1, 0],
      [0, 0, 1],
    ],
  };
}

/** 1 inside, 0 outside, over about a voxel and a half. */
function soft(outside: number): number {
  return 1 / (1 + Math.exp(3 * outside));
}

const noEngine = {
  run: () => {
    throw new Error('no network is needed');
  },
} as unknown as Engine;
