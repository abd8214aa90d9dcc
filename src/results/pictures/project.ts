import type { Volume } from '../../volume/index.ts';
import type { Plane } from './grey.ts';

/**
 * Maximum intensity projection along an axis of a volume in LPS orientation, as radiologists hang it: axial seen from below,
 * coronal from the front (patient's left on the picture's right, superior up), sagittal with anterior on the left.
 */
export function project(volume: Volume, along: 'x' | 'y' | 'z'): Plane {
  const [nx, ny, nz] = volume.size;
  const width = along === 'x' ? ny : nx;
  const height = along === 'z' ? ny : nz;
  const values = new Float32Array(width * height).fill(-Infinity);
  let index = 0;
  for (let z = 0; z < nz; z += 1) {
    for (let y = 0; y < ny; y += 1) {
      const row = along === 'z' ? nx * y : width * (nz - 1 - z);
      for (let x = 0; x < nx; x += 1, index += 1) {
        const target = row + (along === 'x' ? y : x);
        if (volume.data[index]! > values[target]!) values[target] = volume.data[index]!;
      }
    }
  }
  return { values, width, height };
}

/** A camera that turns around the patient's long axis, always level. */
export interface Turn {
  /** 0 looks from the front; growing, the camera walks to the patient's left. */
  readonly degrees: number;
  /** Voxel coordinates of the axis. */
  readonly centre: readonly [number, number];
  readonly width: number;
  readonly pixelsPerVoxel: number;
}

/** Column (pixel centres at whole numbers) at which a voxel position is seen. */
export function columnOf(turn: Turn, [x, y]: readonly [number, number]): number {
  const { cosine, sine } = directionOf(turn);
  const across = (x - turn.centre[0]) * cosine + (y - turn.centre[1]) * sine;
  return across * turn.pixelsPerVoxel + (turn.width - 1) / 2;
}

/** Picture's rightward direction in the patient's (x, y): cos, sin. */
export function directionOf(turn: Pick<Turn, 'degrees'>): { readonly cosine: number; readonly sine: number } {
  const angle = (turn.degrees * Math.PI) / 180;
  return { cosine: Math.cos(angle), sine: Math.sin(angle) };
}

/**
 * Maximum intensity projection at an angle, a row of `turn.width` values a slice, superior first. The volume is in LPS
 * orientation, equally spaced in x and y, and 0 where there is nothing. Each ray is sampled where it crosses the rows of
 * voxels (or their columns, whichever it crosses more steeply), linearly between the two voxels beside it.
 */
export function projectAtAngle(volume: Volume, extents: LineExtents, turn: Turn): Plane {
  const [nx, ny, nz] = volume.size;
  const { cosine, sine } = directionOf(turn);
  const byRows = Math.abs(cosine) >= Math.abs(sine);
  const [x, y] = turn.centre;
  const walk: Walk = byRows
    ? { lines: ny, lineStride: nx, step: 1, along: cosine, across: sine, centre: [x, y], spans: extents.rows }
    : {
        lines: nx,
        lineStride: 1,
        step: nx,
        along: sine,
        across: cosine,
        centre: [y, x],
        spans: extents.columns,
      };
  const values = new Float32Array(turn.width * nz);
  for (let z = 0; z < nz; z += 1) {
    const out = values.subarray((nz - 1 - z) * turn.width, (nz - z) * turn.width);
    projectSlice(out, volume.data.subarray(z * nx * ny, (z + 1) * nx * ny), { ...walk, slice: z }, turn);
  }
  return { values, width: turn.width, height: nz };
}

interface Walk {
  readonly lines: number;
  readonly lineStride: number;
  readonly step: number;
  readonly along: number;
  readonly across: number;
  readonly centre: readonly [number, number];
  readonly spans: Int16Array;
}

function projectSlice(
  out: Float32Array,
  slice: Float32Array,
  walk: Walk & { readonly slice: number },
  turn: Turn,
): void {
  const { lines, lineStride, step, along, across, centre, spans } = walk;
  const perColumn = 1 / (turn.pixelsPerVoxel * along);
  const middle = (turn.width - 1) / 2;
  for (let line = 0; line < lines; line += 1) {
    const first = spans[2 * (walk.slice * lines + line)]!;
    const last = spans[2 * (walk.slice * lines + line) + 1]!;
    if (last < first) continue;
    // element = origin + column * perColumn
    const origin = centre[0] - ((line - centre[1]) * across) / along - middle * perColumn;
    const ends = [(first - origin) / perColumn, (last - origin) / perColumn];
    const from = Math.max(0, Math.ceil(Math.min(...ends)));
    const to = Math.min(turn.width - 1, Math.floor(Math.max(...ends)));
    const base = line * lineStride;
    for (let column = from; column <= to; column += 1) {
      const position = origin + column * perColumn;
      const low = position | 0;
      const a = base + low * step;
      const near = slice[a]!;
      const far = slice[a + step] ?? 0;
      const best = out[column]!;
      if (near <= best && far <= best) continue;
      const value = near + (far - near) * (position - low);
      if (value > best) out[column] = value;
    }
  }
}

/** First and last voxel above 0 with a voxel of margin, two numbers a row (and a column) of each slice; last < first where empty. */
export interface LineExtents {
  readonly rows: Int16Array;
  readonly columns: Int16Array;
}

/** Where each line of a volume has content, so that projecting at many angles can skip the rest. */
export function lineExtents({ size: [nx, ny, nz], data }: Volume): LineExtents {
  const rows = emptySpans(ny * nz, nx);
  const columns = emptySpans(nx * nz, ny);
  let index = 0;
  for (let z = 0; z < nz; z += 1) {
    for (let y = 0; y < ny; y += 1) {
      for (let x = 0; x < nx; x += 1, index += 1) {
        if (data[index]! <= 0) continue;
        widen(rows, z * ny + y, x, nx);
        widen(columns, z * nx + x, y, ny);
      }
    }
  }
  return { rows, columns };
}

function emptySpans(lines: number, length: number): Int16Array {
  const spans = new Int16Array(2 * lines);
  for (let line = 0; line < lines; line += 1) {
    spans[2 * line] = length;
    spans[2 * line + 1] = -1;
  }
  return spans;
}

function widen(spans: Int16Array, line: number, at: number, length: number): void {
  if (at - 1 < spans[2 * line]!) spans[2 * line] = Math.max(0, at - 1);
  if (at + 1 > spans[2 * line + 1]!) spans[2 * line + 1] = Math.min(length - 1, at + 1);
}
