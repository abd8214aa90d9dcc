import { requireNumbers, type BundleOf, type Engine } from '../../inference/index.ts';
import type { Size } from '../../volume/index.ts';
import { boxFrom } from './boxes.ts';
import type { Channels } from './channels.ts';
import { fileOf } from './networks.ts';

type Point = readonly [number, number, number];

/** The fine network on a volume of interest about each centre, pasted back: the greater probability where they overlap. Throws MODEL_OUTPUT_INVALID. */
export async function outline(
  size: Size,
  { channels, centres }: { channels: Channels; centres: readonly Point[] },
  { bundle, engine }: { bundle: BundleOf<'tof-coarse-fine'>; engine: Engine },
): Promise<Float32Array> {
  const { voi } = bundle.manifest.fine;
  const box: Size = [voi, voi, voi];
  const out = new Float32Array(size[0] * size[1] * size[2]);
  for (const centre of centres) {
    const corner = centre.map((value) => roundHalfEven(value) - (voi >> 1)) as unknown as Point;
    const data = new Float32Array(2 * voi ** 3);
    data.set(boxFrom({ data: channels.vessels, size }, corner, box), 0);
    data.set(boxFrom({ data: channels.contour, size }, corner, box), voi ** 3);
    const { probability } = await engine.run(
      fileOf(bundle, 'fine'),
      [{ name: 'channels', data, shape: [1, 2, voi, voi, voi] }],
      ['probability'],
    );
    requireNumbers(probability!);
    keepGreater(out, size, { values: probability!, corner, voi });
  }
  return out;
}

function keepGreater(
  out: Float32Array,
  [nx, ny, nz]: Size,
  { values, corner: [x0, y0, z0], voi }: { values: Float32Array; corner: Point; voi: number },
): void {
  for (let z = Math.max(0, -z0); z < Math.min(voi, nz - z0); z += 1) {
    for (let y = Math.max(0, -y0); y < Math.min(voi, ny - y0); y += 1) {
      for (let x = Math.max(0, -x0); x < Math.min(voi, nx - x0); x += 1) {
        const target = x0 + x + nx * (y0 + y + ny * (z0 + z));
        out[target] = Math.max(out[target]!, values[x + voi * (y + voi * z)]!);
      }
    }
  }
}

/** As the kit's language rounds: a half goes to the even neighbour. */
function roundHalfEven(value: number): number {
  const low = Math.floor(value);
  if (value - low !== 0.5) return Math.round(value);
  return low % 2 === 0 ? low : low + 1;
}
