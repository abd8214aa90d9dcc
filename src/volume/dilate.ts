import type { Size } from './types.ts';

type Step = readonly [number, number, number];

/** A voxel and those that share a face or an edge with it: a ball of radius one voxel and a half, 19 voxels. */
const ball: readonly Step[] = [-1, 0, 1]
  .flatMap((dz) => [-1, 0, 1].flatMap((dy) => [-1, 0, 1].map((dx): Step => [dx, dy, dz])))
  .filter(([dx, dy, dz]) => Math.abs(dx) + Math.abs(dy) + Math.abs(dz) <= 2);

/** The mask and its 18 neighbours. */
export function dilated(mask: Uint8Array, [nx, ny, nz]: Size): Uint8Array {
  const out = new Uint8Array(mask.length);
  const places = Int32Array.from(ball, ([dx, dy, dz]) => dx + nx * (dy + ny * dz));
  for (let index = 0; index < mask.length; index += 1) {
    if (mask[index] === 0) continue;
    const [x, y, z] = [index % nx, Math.floor(index / nx) % ny, Math.floor(index / (nx * ny))];
    const inner = x > 0 && y > 0 && z > 0 && x < nx - 1 && y < ny - 1 && z < nz - 1;
    if (inner) for (let place = 0; place < places.length; place += 1) out[index + places[place]!] = 1;
    else setInside(out, [nx, ny, nz], [x, y, z]);
  }
  return out;
}

function setInside(out: Uint8Array, [nx, ny, nz]: Size, [x, y, z]: Step): void {
  for (const [dx, dy, dz] of ball) {
    const [i, j, k] = [x + dx, y + dy, z + dz];
    if (i >= 0 && j >= 0 && k >= 0 && i < nx && j < ny && k < nz) out[i + nx * (j + ny * k)] = 1;
  }
}
