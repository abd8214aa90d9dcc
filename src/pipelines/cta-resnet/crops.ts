import type { PointLpsMm } from '../../findings/index.ts';
import type { ManifestOf } from '../../inference/index.ts';
import { lpsToIndex, type Vector, type Volume } from '../../volume/index.ts';

type Recipe = ManifestOf<'cta-resnet'>['preprocessing'];

/** HU about a point on planes along the patient's axes, [slice][row][column]: `slices` + 2 of them, trilinear, the volume's border repeated. */
export function cropAt(
  volume: Volume,
  [x, y, z]: PointLpsMm,
  { pixels, spacingMm, slices }: Pick<Recipe, 'pixels' | 'spacingMm' | 'slices'>,
): Float32Array {
  const depth = slices + 2;
  const half = ((pixels - 1) / 2) * spacingMm;
  const below = ((depth - 1) / 2) * spacingMm;
  const start = lpsToIndex(volume, [x - half, y - half, z - below]);
  const stepTo = (point: PointLpsMm): Vector => {
    const [i, j, k] = lpsToIndex(volume, point);
    return [i - start[0], j - start[1], k - start[2]];
  };
  const across = stepTo([x - half + spacingMm, y - half, z - below]);
  const down = stepTo([x - half, y - half + spacingMm, z - below]);
  const up = stepTo([x - half, y - half, z - below + spacingMm]);
  const out = new Float32Array(depth * pixels * pixels);
  let target = 0;
  for (let slice = 0; slice < depth; slice += 1) {
    for (let row = 0; row < pixels; row += 1) {
      for (let column = 0; column < pixels; column += 1) {
        out[target] = clamped(volume, [
          start[0] + column * across[0] + row * down[0] + slice * up[0],
          start[1] + column * across[1] + row * down[1] + slice * up[1],
          start[2] + column * across[2] + row * down[2] + slice * up[2],
        ]);
        target += 1;
      }
    }
  }
  return out;
}

/** Trilinear; an index outside is moved to the border. */
function clamped({ data, size }: Volume, index: Vector): number {
  const low: [number, number, number] = [0, 0, 0];
  const share: [number, number, number] = [0, 0, 0];
  for (const axis of [0, 1, 2] as const) {
    const place = Math.max(0, Math.min(size[axis] - 1, index[axis]));
    low[axis] = Math.max(0, Math.min(Math.floor(place), size[axis] - 2));
    share[axis] = place - low[axis];
  }
  const [nx, ny] = size;
  const near = low[0] + nx * (low[1] + ny * low[2]);
  const far = near + nx * ny;
  const [a, b, c] = share;
  const line = (start: number): number => data[start]! * (1 - a) + data[start + 1]! * a;
  const plane = (start: number): number => line(start) * (1 - b) + line(start + nx) * b;
  return plane(near) * (1 - c) + plane(far) * c;
}
