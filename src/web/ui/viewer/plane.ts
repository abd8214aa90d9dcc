import { toLpsMm, toVoxel, type Grid, type Triple, type Window } from './grid.ts';

export type PlaneName = 'axial' | 'coronal' | 'sagittal';

/** How a plane lies on the screen, as radiologists look: the patient's right on the left, the nose on the left, the head up. */
export interface PlaneAxes {
  /** Axes of the grid along a row of the picture, down a column of it, and from picture to picture. */
  readonly across: 0 | 1 | 2;
  readonly down: 0 | 1 | 2;
  readonly through: 0 | 1 | 2;
  /** Rows count against the axis. */
  readonly isUpwards: boolean;
  /** Letters at the left, top, right and bottom edge. */
  readonly edges: readonly [string, string, string, string];
}

export const planes: Readonly<Record<PlaneName, PlaneAxes>> = {
  axial: { across: 0, down: 1, through: 2, isUpwards: false, edges: ['R', 'A', 'L', 'P'] },
  coronal: { across: 0, down: 2, through: 1, isUpwards: true, edges: ['R', 'S', 'L', 'I'] },
  sagittal: { across: 1, down: 2, through: 0, isUpwards: true, edges: ['A', 'S', 'P', 'I'] },
};

/** Red, green, blue and opacity, rows from the top, one pixel a voxel. */
export interface Picture {
  readonly width: number;
  readonly height: number;
  readonly rgba: Uint8ClampedArray<ArrayBuffer>;
}

/** One plane of the grid in grey. */
export function paintPlane(grid: Grid, axes: PlaneAxes, index: number, { low, high }: Window): Picture {
  const [width, height] = [grid.size[axes.across], grid.size[axes.down]];
  const rgba = new Uint8ClampedArray(width * height * 4);
  const words = new Uint32Array(rgba.buffer);
  const scale = 255 / Math.max(high - low, 1e-6);
  const step = grid.strides[axes.across];
  for (let row = 0; row < height; row += 1) {
    const along = axes.isUpwards ? height - 1 - row : row;
    let at = grid.first + index * grid.strides[axes.through] + along * grid.strides[axes.down];
    for (let column = 0; column < width; column += 1, at += step) {
      const value = (grid.values[at]! * grid.slope - low) * scale;
      const grey = value <= 0 ? 0 : value >= 255 ? 255 : value | 0;
      words[row * width + column] = 0xff000000 | (grey << 16) | (grey << 8) | grey;
    }
  }
  return { width, height, rgba };
}

/** Lays a probability map, whose grid may be another, over a painted plane from `threshold` on: red where it begins, yellow at 1. */
export function paintMap(
  picture: Picture,
  plane: { readonly grid: Grid; readonly axes: PlaneAxes; readonly index: number },
  map: Grid,
  look: { readonly threshold: number; readonly opacity: number },
): void {
  const { width, height, rgba } = picture;
  const voxelAt = (column: number, row: number): Triple => {
    const along = plane.axes.isUpwards ? height - 1 - row : row;
    return toVoxel(map, toLpsMm(plane.grid, voxelOf(plane.axes, column, along, plane.index)));
  };
  const corner = voxelAt(0, 0);
  const across = difference(voxelAt(1, 0), corner);
  const down = difference(voxelAt(0, 1), corner);
  for (let row = 0; row < height; row += 1)
    for (let column = 0; column < width; column += 1) {
      const probability = sampleAt(
        map,
        corner[0] + column * across[0] + row * down[0],
        corner[1] + column * across[1] + row * down[1],
        corner[2] + column * across[2] + row * down[2],
      );
      if (probability < look.threshold || probability <= 0) continue;
      const warmth = (probability - look.threshold) / Math.max(1 - look.threshold, 1e-6);
      blend(rgba, (row * width + column) * 4, warmth, look.opacity);
    }
}

/** The voxel that a column and a count along the axis of the rows mean. */
export function voxelOf(axes: PlaneAxes, across: number, along: number, index: number): Triple {
  const voxel: [number, number, number] = [0, 0, 0];
  voxel[axes.across] = across;
  voxel[axes.down] = along;
  voxel[axes.through] = index;
  return voxel;
}

function blend(rgba: Uint8ClampedArray, at: number, warmth: number, opacity: number): void {
  const mixed = (channel: number, colour: number): number =>
    rgba[at + channel]! * (1 - opacity) + colour * opacity;
  rgba[at] = mixed(0, 255);
  rgba[at + 1] = mixed(1, 50 + 180 * warmth);
  rgba[at + 2] = mixed(2, 20 + 50 * warmth);
}

/** Trilinear; 0 outside the centres of the outermost voxels. */
function sampleAt({ values, first, strides, size, slope }: Grid, x: number, y: number, z: number): number {
  const [i, j, k] = [Math.floor(x), Math.floor(y), Math.floor(z)];
  if (i < 0 || j < 0 || k < 0 || i >= size[0] - 1 || j >= size[1] - 1 || k >= size[2] - 1) return 0;
  const [sx, sy, sz] = strides;
  const at = first + i * sx + j * sy + k * sz;
  const [u, v, w] = [x - i, y - j, z - k];
  const near =
    (values[at]! * (1 - u) + values[at + sx]! * u) * (1 - v) +
    (values[at + sy]! * (1 - u) + values[at + sx + sy]! * u) * v;
  const far =
    (values[at + sz]! * (1 - u) + values[at + sx + sz]! * u) * (1 - v) +
    (values[at + sy + sz]! * (1 - u) + values[at + sx + sy + sz]! * u) * v;
  return (near * (1 - w) + far * w) * slope;
}

function difference(a: Triple, b: Triple): Triple {
  return [a[0] - b[0], a[1] - b[1], a[2] - b[2]];
}
