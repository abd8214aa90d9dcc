import sharp from 'sharp';
import type { Picture } from './picture.ts';

/** A picture as PNG; `effort` 0 (fast) to 9 (small). */
export async function png(picture: Picture, effort: number): Promise<Buffer> {
  const { width, height } = picture;
  const [data, channels] = 'rgb' in picture ? ([picture.rgb, 3] as const) : ([picture.grey, 1] as const);
  const raw = sharp(Buffer.from(data.buffer, data.byteOffset, data.byteLength), {
    raw: { width, height, channels },
  });
  return await (channels === 1 ? raw.toColourspace('b-w') : raw).png({ compressionLevel: effort }).toBuffer();
}
