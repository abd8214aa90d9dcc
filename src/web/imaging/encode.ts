import sharp from 'sharp';
import type { GreyOrColour } from './tasks.ts';

export type PictureFormat = 'image/png' | 'image/jpeg';

/** PNG or JPEG of a picture; fits into `viewport` pixels where one is given, and is never enlarged. */
export async function encodePicture(
  picture: GreyOrColour,
  format: PictureFormat,
  viewport: { readonly width: number; readonly height: number } | null,
): Promise<Buffer> {
  const { width, height, channels } = picture;
  let image = sharp(picture.data, { raw: { width, height, channels } });
  if (viewport !== null) image = image.resize({ ...viewport, fit: 'inside', withoutEnlargement: true });
  if (channels === 1) image = image.toColourspace('b-w');
  return await (
    format === 'image/png' ? image.png({ compressionLevel: 6 }) : image.jpeg({ quality: 90 })
  ).toBuffer();
}
