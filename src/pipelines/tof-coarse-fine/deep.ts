import { eroded, type Size } from '../../volume/index.ts';
import type { Prepared } from './prepare.ts';

/** Skin, fat and muscle: no artery within the skull lies nearer to the surface of the head. */
const shallowMm = 10;

/** 1 deep inside the head, on the image's grid; bright fat under the skin has the grey value and the shape of vessels. */
export function deepInside({ image, head }: Prepared): Uint8Array {
  const [hx, hy, hz] = head.volume.size;
  const deep = shrunk(head.mask, head.volume.size, Math.round(shallowMm / head.volume.spacingMm[0]));
  // both grids start at the same voxel
  const share = image.spacingMm[0] / head.volume.spacingMm[0];
  const along = (n: number, end: number): Int32Array =>
    Int32Array.from({ length: n }, (_, index) => Math.min(end - 1, Math.round(index * share)));
  const [nx, ny, nz] = image.size;
  const [xs, ys, zs] = [along(nx, hx), along(ny, hy), along(nz, hz)];
  const out = new Uint8Array(nx * ny * nz);
  for (let z = 0; z < nz; z += 1) {
    for (let y = 0; y < ny; y += 1) {
      const from = hx * (ys[y]! + hy * zs[z]!);
      const to = nx * (y + ny * z);
      for (let x = 0; x < nx; x += 1) out[to + x] = deep[from + xs[x]!]!;
    }
  }
  return out;
}

/** The mask without the voxels of its surface, `times` over. Slices end where the scan ends, not the head: their ends are no surface. */
function shrunk(mask: Uint8Array, size: Size, times: number): Uint8Array {
  let inner = mask;
  for (let step = 0; step < times; step += 1) inner = withoutSides(eroded(inner, size, 6), size);
  return inner;
}

function withoutSides(mask: Uint8Array, [nx, ny]: Size): Uint8Array {
  const plane = nx * ny;
  for (let start = 0; start < mask.length; start += nx) {
    const y = (start % plane) / nx;
    if (y === 0 || y === ny - 1) mask.fill(0, start, start + nx);
    mask[start] = 0;
    mask[start + nx - 1] = 0;
  }
  return mask;
}
