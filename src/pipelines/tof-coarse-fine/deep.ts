import type { Size } from '../../volume/index.ts';
import type { Prepared } from './prepare.ts';

/** Skin, fat and muscle: no artery within the skull lies nearer to the surface of the head. */
const shallowMm = 10;

/** The arteries that lie deep inside the head; bright fat under the skin has the grey value and the shape of vessels. */
export function deepArteries(arteries: Uint8Array, { image, head }: Prepared): Uint8Array {
  const [hx, hy, hz] = head.volume.size;
  const deep = shrunk(head.mask, head.volume.size, Math.round(shallowMm / head.volume.spacingMm[0]));
  // both grids start at the same voxel
  const share = image.spacingMm[0] / head.volume.spacingMm[0];
  const at = (index: number, n: number): number => Math.min(n - 1, Math.round(index * share));
  const [nx, ny] = image.size;
  return arteries.map((inside, index) => {
    if (inside === 0) return 0;
    const x = at(index % nx, hx);
    const y = at(Math.floor(index / nx) % ny, hy);
    return deep[x + hx * (y + hy * at(Math.floor(index / (nx * ny)), hz))]!;
  });
}

/** The mask without the voxels of its surface, `times` over. Slices end where the scan ends, not the head: their ends are no surface. */
function shrunk(mask: Uint8Array, size: Size, times: number): Uint8Array {
  let inner = mask;
  for (let step = 0; step < times; step += 1) inner = shrunkOnce(inner, size);
  return inner;
}

function shrunkOnce(mask: Uint8Array, [nx, ny, nz]: Size): Uint8Array {
  const plane = nx * ny;
  return mask.map((inside, index) => {
    if (inside === 0) return 0;
    const [x, y, z] = [index % nx, Math.floor(index / nx) % ny, Math.floor(index / plane)];
    if (x === 0 || y === 0 || x === nx - 1 || y === ny - 1) return 0;
    const below = z === 0 ? 1 : mask[index - plane]!;
    const above = z === nz - 1 ? 1 : mask[index + plane]!;
    return mask[index - 1]! & mask[index + 1]! & mask[index - nx]! & mask[index + nx]! & below & above;
  });
}
