import sharp from 'sharp';
import type { Picture } from '../secondary-capture.ts';

/** An SVG as RGB pixels. */
export async function rasterise(svg: string): Promise<Picture> {
  const { data, info } = await sharp(Buffer.from(svg))
    .flatten({ background: '#000000' })
    .removeAlpha()
    .raw()
    .toBuffer({ resolveWithObject: true });
  return { width: info.width, height: info.height, rgb: data };
}

/** An SVG as RGBA pixels, for laying over other pixels. */
export async function rasteriseWithAlpha(
  svg: string,
): Promise<{ readonly width: number; readonly height: number; readonly rgba: Uint8Array }> {
  const { data, info } = await sharp(Buffer.from(svg))
    .ensureAlpha()
    .raw()
    .toBuffer({ resolveWithObject: true });
  return { width: info.width, height: info.height, rgba: data };
}
