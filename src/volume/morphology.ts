import type { Size } from './types.ts';

/** 6: voxels that share a face. 18: those that share an edge too. */
type Neighbours = 6 | 18;

/**
 * The mask (1 set, 0 not) and the neighbours of its voxels: a ball of radius one voxel (6) or one and a half (18). Row by row: rows
 * near to the middle one reach a voxel to both sides, farther ones only straight ahead.
 */
export function dilated(mask: Uint8Array, size: Size, neighbours: Neighbours): Uint8Array {
  const [nx, ny, nz] = size;
  const out = new Uint8Array(mask.length);
  const rows = rowsOf(mask, nx);
  // one voxel more on both sides, which stays 0
  const wide = new Uint8Array(nx + 2);
  const near = neighbours === 6 ? 0 : 1;
  for (let z = 0; z < nz; z += 1) {
    for (let y = 0; y < ny; y += 1) {
      const target = out.subarray(nx * (y + ny * z), nx * (y + ny * z + 1));
      wide.fill(0);
      for (const [dy, dz] of around) {
        if (y + dy < 0 || y + dy >= ny || z + dz < 0 || z + dz >= nz) continue;
        const row = rows[y + dy + ny * (z + dz)];
        const distance = Math.abs(dy) + Math.abs(dz);
        if (row === null || row === undefined || distance > near + 1) continue;
        if (distance <= near) addTo(wide.subarray(1, nx + 1), row);
        else addTo(target, row);
      }
      for (let x = 0; x < nx; x += 1) target[x]! |= wide[x]! | wide[x + 1]! | wide[x + 2]!;
    }
  }
  return out;
}

/** The voxels of the mask whose neighbours are all in it; what lies outside the volume takes nothing away. */
export function eroded(mask: Uint8Array, size: Size, neighbours: Neighbours): Uint8Array {
  return inverted(dilated(inverted(mask), size, neighbours));
}

const around = [-1, 0, 1].flatMap((dz) => [-1, 0, 1].map((dy) => [dy, dz] as const));

/** The rows of a mask; null for those without a set voxel. */
function rowsOf(mask: Uint8Array, nx: number): readonly (Uint8Array | null)[] {
  return Array.from({ length: mask.length / nx }, (_, row) => {
    const voxels = mask.subarray(row * nx, (row + 1) * nx);
    return voxels.includes(1) ? voxels : null;
  });
}

function addTo(target: Uint8Array, row: Uint8Array): void {
  for (let x = 0; x < row.length; x += 1) target[x]! |= row[x]!;
}

function inverted(mask: Uint8Array): Uint8Array {
  const out = new Uint8Array(mask.length);
  for (let index = 0; index < mask.length; index += 1) out[index] = 1 - mask[index]!;
  return out;
}
