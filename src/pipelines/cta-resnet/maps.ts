import type { ManifestOf } from '../../inference/index.ts';
import { indexToLps, lpsToIndex, type Volume } from '../../volume/index.ts';
import type { PipelineMaps } from '../types.ts';
import type { Judged } from './classify.ts';

/** Cells of a map are 8 mm wide: a finer grid would show nothing more. */
const gridMm = 1.5;
/** Maps of places below this probability explain nothing worth seeing. */
const leastProbability = 0.1;

/** Grad-CAM of every place, its strongest cell scaled to the place's probability, in the patient: each where its crop lies. */
export function explanationMaps(
  judged: readonly Judged[],
  source: Volume,
  { explanation, preprocessing }: ManifestOf<'cta-resnet'>,
): PipelineMaps {
  const grid = coarseGrid(source);
  const probability = { ...grid, data: new Float32Array(grid.size[0] * grid.size[1] * grid.size[2]) };
  const patches = { ...grid, data: new Float32Array(probability.data.length) };
  const evidence = { ...grid, data: new Float32Array(probability.data.length) };
  for (const one of judged) {
    if (one.probability < leastProbability) continue;
    const top = one.cam.reduce((best, value) => Math.max(best, value), 0);
    paint(one, grid, preprocessing.cropMm, (index, column, row) => {
      const value = cellAt(one.cam, explanation.cells, column, row);
      patches.data[index] = Math.max(patches.data[index]!, one.probability);
      evidence.data[index] = Math.max(evidence.data[index]!, value);
      const shown = top > 0 ? (value / top) * one.probability : 0;
      probability.data[index] = Math.max(probability.data[index]!, shown);
    });
  }
  return {
    probability,
    patchProbability: patches,
    evidence,
    explains: 'gradient-weighted-class-activation',
  };
}

function coarseGrid(source: Volume): Omit<Volume, 'data'> {
  const size = source.size.map(
    (n, axis) => Math.floor(((n - 1) * source.spacingMm[axis]!) / gridMm) + 1,
  ) as unknown as Volume['size'];
  return {
    size,
    spacingMm: [gridMm, gridMm, gridMm],
    originLpsMm: source.originLpsMm,
    directions: source.directions,
  };
}

/** Visits the grid's voxels inside a crop, with their place in it, 0..1 across and down; as deep as the place is wide. */
function paint(
  { centreLpsMm: [x, y, z], maxDiameterMm }: Judged,
  grid: Omit<Volume, 'data'>,
  cropMm: number,
  visit: (index: number, column: number, row: number) => void,
): void {
  const half = cropMm / 2;
  const depth = Math.max(gridMm, maxDiameterMm / 2);
  const corners = [-1, 1].flatMap((a) =>
    [-1, 1].flatMap((b) => [-1, 1].map((c) => lpsToIndex(grid, [x + a * half, y + b * half, z + c * depth]))),
  );
  const [low, high] = [Math.min, Math.max].map((pick) =>
    [0, 1, 2].map((axis) => pick(...corners.map((corner) => corner[axis]!))),
  ) as [number[], number[]];
  const [nx, ny, nz] = grid.size;
  for (let k = Math.max(0, Math.floor(low[2]!)); k <= Math.min(nz - 1, Math.ceil(high[2]!)); k += 1) {
    for (let j = Math.max(0, Math.floor(low[1]!)); j <= Math.min(ny - 1, Math.ceil(high[1]!)); j += 1) {
      for (let i = Math.max(0, Math.floor(low[0]!)); i <= Math.min(nx - 1, Math.ceil(high[0]!)); i += 1) {
        const point = indexToLps(grid, [i, j, k]);
        const column = (point[0] - x + half) / cropMm;
        const row = (point[1] - y + half) / cropMm;
        const inside = column >= 0 && column <= 1 && row >= 0 && row <= 1;
        if (inside && Math.abs(point[2] - z) <= depth) visit(i + nx * (j + ny * k), column, row);
      }
    }
  }
}

/** Bilinear between the middles of cells, the border repeated. */
function cellAt(cam: Float32Array, cells: number, column: number, row: number): number {
  const place = (share: number): number => Math.max(0, Math.min(cells - 1, share * cells - 0.5));
  const [x, y] = [place(column), place(row)];
  const [left, top] = [Math.min(cells - 2, Math.floor(x)), Math.min(cells - 2, Math.floor(y))];
  const [a, b] = [x - left, y - top];
  const corner = top * cells + left;
  const upper = cam[corner]! * (1 - a) + cam[corner + 1]! * a;
  const lower = cam[corner + cells]! * (1 - a) + cam[corner + cells + 1]! * a;
  return upper * (1 - b) + lower * b;
}
