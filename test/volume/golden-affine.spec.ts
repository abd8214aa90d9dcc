import { readFileSync, readdirSync, statSync } from 'node:fs';
import path from 'node:path';
import { expect } from 'chai';
import { readInstance } from '../../src/dicom/index.ts';
import { loadVolume, lpsToIndex, toLpsOrientation } from '../../src/volume/index.ts';
import { needsSharedData, sharedData } from '../support/shared-data.ts';

interface Golden {
  readonly name: string;
  readonly path: string;
  readonly samples: readonly { readonly lpsMm: readonly [number, number, number]; readonly value: number }[];
}

const vectors = path.join(import.meta.dirname, '..', 'vectors', 'geometry', 'golden.json');

describe('voxels lie where independent readers (dcm2niix, nibabel) see them', () => {
  for (const golden of JSON.parse(readFileSync(vectors, 'utf8')) as readonly Golden[]) {
    it(golden.name, async function () {
      needsSharedData(this);
      const place = path.join(sharedData, golden.path);
      const files = statSync(place).isFile()
        ? [place]
        : readdirSync(place)
            .filter((name) => name.endsWith('.dcm'))
            .map((name) => path.join(place, name));
      const { volume } = await loadVolume(files.map((file) => readInstance(readFileSync(file))));
      for (const grid of [volume, toLpsOrientation(volume)]) {
        for (const { lpsMm, value } of golden.samples) {
          const index = lpsToIndex(grid, lpsMm);
          const [i, j, k] = index.map(Math.round) as [number, number, number];
          expect(Math.hypot(index[0] - i, index[1] - j, index[2] - k), 'on the grid').to.be.lessThan(0.01);
          expect(grid.data[i + grid.size[0] * (j + grid.size[1] * k)]).to.be.closeTo(value, 1e-3);
        }
      }
    });
  }
});
