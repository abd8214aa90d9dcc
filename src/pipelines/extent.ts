import type { Size } from '../volume/index.ts';

/** Largest distance between voxel centres plus one voxel. Only ends of x runs can be farthest apart. */
export function extentMm(points: readonly Point[], voxelMm: number): number {
  const ends = new Map<string, { low: Point; high: Point }>();
  for (const point of points) {
    const key = `${point[1]},${point[2]}`;
    const run = ends.get(key);
    if (run === undefined) ends.set(key, { low: point, high: point });
    else if (point[0] < run.low[0]) run.low = point;
    else if (point[0] > run.high[0]) run.high = point;
  }
  const hull = [...ends.values()].flatMap(({ low, high }) => [low, high]);
  let farthest = 0;
  for (const a of hull) {
    for (const b of hull)
      farthest = Math.max(farthest, (a[0] - b[0]) ** 2 + (a[1] - b[1]) ** 2 + (a[2] - b[2]) ** 2);
  }
  return (Math.sqrt(farthest) + 1) * voxelMm;
}

type Point = readonly [number, number, number];

export function toPoint(index: number, [nx, ny]: Size): Point {
  return [index % nx, Math.floor(index / nx) % ny, Math.floor(index / (nx * ny))];
}
