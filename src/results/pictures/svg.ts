import sharp from 'sharp';
import type { ColourPicture, GreyPicture, Picture } from './picture.ts';
import type { CircleItem, Drawing, ImageItem, Item, Line, PathItem, TextItem } from './drawing.ts';
import { png } from './png.ts';
import { textOutline } from './text.ts';

/** A page as RGB pixels. */
export async function rasterise(drawing: Drawing): Promise<ColourPicture> {
  const { data, info } = await sharp(Buffer.from(await svgOf(drawing)))
    .flatten({ background: drawing.background })
    .removeAlpha()
    .raw()
    .toBuffer({ resolveWithObject: true });
  return { width: info.width, height: info.height, rgb: data };
}

/** A page as grey pixels: the luminance of its colours (ITU-R BT.601, as PS3.3 C.7.6.3.1.2 for YBR). */
export async function rasteriseGrey(drawing: Drawing): Promise<GreyPicture> {
  const { width, height, rgb } = await rasterise(drawing);
  const grey = new Uint8Array(width * height);
  for (let pixel = 0; pixel < grey.length; pixel += 1) {
    const [red, green, blue] = [rgb[pixel * 3]!, rgb[pixel * 3 + 1]!, rgb[pixel * 3 + 2]!];
    grey[pixel] = Math.round(0.299 * red + 0.587 * green + 0.114 * blue);
  }
  return { width, height, grey };
}

/** RGBA pixels of the same size as a picture, to be laid over it. */
export interface Layer {
  readonly width: number;
  readonly height: number;
  readonly rgba: Uint8Array;
}

/** Items on nothing, for laying over pictures. */
export async function rasteriseLayer(
  size: { readonly width: number; readonly height: number },
  items: readonly Item[],
): Promise<Layer> {
  const svg = await svgOf({ ...size, background: 'none', items });
  const { data, info } = await sharp(Buffer.from(svg))
    .ensureAlpha()
    .raw()
    .toBuffer({ resolveWithObject: true });
  return { width: info.width, height: info.height, rgba: data };
}

/** Lays a layer over a picture, in place. */
export function layOver(picture: Picture, layer: Layer): void {
  const channels = 'rgb' in picture ? 3 : 1;
  const data = 'rgb' in picture ? picture.rgb : picture.grey;
  for (let pixel = 0; pixel < picture.width * picture.height; pixel += 1) {
    const alpha = layer.rgba[pixel * 4 + 3]! / 255;
    if (alpha === 0) continue;
    for (let channel = 0; channel < channels; channel += 1) {
      const offset = pixel * channels + channel;
      data[offset] = data[offset]! * (1 - alpha) + layer.rgba[pixel * 4 + channel]! * alpha;
    }
  }
}

async function svgOf(drawing: Drawing): Promise<string> {
  const parts = await Promise.all(drawing.items.map(async (item) => await element(item)));
  const { width, height } = drawing;
  return `<svg xmlns="http://www.w3.org/2000/svg" xmlns:xlink="http://www.w3.org/1999/xlink" width="${width}" height="${height}"><rect width="100%" height="100%" fill="${drawing.background}"/>${parts.join('')}</svg>`;
}

async function element(item: Item): Promise<string> {
  switch (item.kind) {
    case 'text':
      return words(item);
    case 'image':
      return await image(item);
    case 'rect':
      return `<rect x="${item.x}" y="${item.y}" width="${item.width}" height="${item.height}" fill="${item.fill}"/>`;
    case 'circle':
      return circle(item);
    case 'path':
      return path(item);
  }
}

function words({ words: characters, x, y, style }: TextItem): string {
  const outline = textOutline(characters, { x, y }, style.size, style.weight);
  const rim =
    style.halo === undefined
      ? ''
      : `<path d="${outline}" fill="none" stroke="${style.halo}" stroke-width="${style.size / 5}" stroke-linejoin="round"/>`;
  return `${rim}<path fill="${style.colour}" d="${outline}"/>`;
}

async function image({ x, y, width, height, picture }: ImageItem): Promise<string> {
  const uri = `data:image/png;base64,${(await png(picture, 1)).toString('base64')}`;
  return `<image x="${x}" y="${y}" width="${width}" height="${height}" preserveAspectRatio="none" xlink:href="${uri}"/>`;
}

function circle({ x, y, radius, line }: CircleItem): string {
  return `<circle cx="${x}" cy="${y}" r="${radius}" fill="none" ${stroke(line)}/>`;
}

function path({ points, closed, fill, line }: PathItem): string {
  const d = points.map(([x, y], index) => `${index === 0 ? 'M' : 'L'}${x.toFixed(2)} ${y.toFixed(2)}`);
  return `<path d="${d.join('')}${closed === true ? 'Z' : ''}" fill="${fill ?? 'none'}" ${line === undefined ? '' : stroke(line)}/>`;
}

function stroke(line: Line): string {
  const dash = line.dashed === true ? ` stroke-dasharray="${line.width * 2.5} ${line.width * 2}"` : '';
  return `stroke="${line.colour}" stroke-width="${line.width}" stroke-linejoin="round"${dash}`;
}
