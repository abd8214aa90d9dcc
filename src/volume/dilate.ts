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
  let index = 0;
  for (let z = 0; z < nz; z += 1) {
    for (let y = 0; y < ny; y += 1) {
      const inner = z > 0 && y > 0 && z < nz - 1 && y < ny - 1;
      for (let x = 0; x < nx; x += 1, index += 1) {
        if (mask[index] === 0) continue;
        if (!inner || x === 0 || x === nx - 1) setInside(out, [nx, ny, nz], [x, y, z]);
        else for (let place = 0; place < places.length; place += 1) out[index + places[place]!] = 1;
      }
    }
  }
  return out;
}

function setInside(out: Uint8Array, [nx, ny, nz]: Size, [x, y, z]: Step): void {
  for (const [dx, dy, dz] of ball) {
    const [i, j, k] = [x + dx, y + dy, z + dz];
    if (i >= 0 && j >= 0 && k >= 0 && i < nx && j < ny && k < nz) out[i + nx * (j + ny * k)] = 1;
  }
}
