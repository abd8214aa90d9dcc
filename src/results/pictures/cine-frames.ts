import { lpsToIndex, type Volume } from '../../volume/index.ts';
import { rect, text, textAround, textBefore, type Box, type Item } from './drawing.ts';
import { toGrey, type Plane, type Window } from './grey.ts';
import { markItems, type Mark } from './marks.ts';
import type { ColourPicture, GreyPicture } from './picture.ts';
import {
  columnOf,
  directionOf,
  lineExtents,
  projectAtAngle,
  type LineExtents,
  type Turn,
} from './project.ts';
import { enlarge } from './sample.ts';
import { isForResearch, type Place, type Sheet } from './sheet.ts';
import { layOver, rasteriseLayer } from './svg.ts';
import { fit } from './text.ts';
import { extentOf, vesselWindow, withoutShell } from './vessels.ts';
import { boxesOf, letterItems, type Letters } from './views.ts';

export const frameTimeMs = 100;
const frameCount = 36;
const width = 640;
/** Rays a row; the picture between them is interpolated, which is smoother than rays nearer than voxels. */
const rays = 320;
const mostPictureHeight = 560;
const strip = 30;
/** Pictures around the head, 10 degrees apart, the first from the front. The volume is in LPS orientation, 0 outside the head. */
export async function cineFrames(sheet: Sheet, image: Volume): Promise<readonly ColourPicture[]> {
  const vessels = vesselsIn(image);
  const scene = sceneOf(vessels.volume, sheet.places);
  return await Promise.all(
    Array.from({ length: frameCount }, async (_, index) => {
      const degrees = (index * 360) / frameCount;
      return await frameAt(sheet, { ...vessels, scene }, degrees);
    }),
  );
}

interface Vessels {
  readonly volume: Volume;
  readonly window: Window;
}

/** The volume with everything darker than vessels at 0. */
function vesselsIn(image: Volume): Vessels {
  const shelled = withoutShell(image);
  const window = vesselWindow(shelled);
  const data = shelled.data.map((value) => Math.max(0, value - window.low));
  return { volume: { ...image, data }, window: { low: 0, high: window.high - window.low } };
}

/** Where the camera turns, and how big things are: the same for all frames. */
export interface Scene {
  /** In rays. */
  readonly turn: Omit<Turn, 'degrees'>;
  /** In the picture. */
  readonly pixelsPerVoxel: number;
  readonly extents: LineExtents;
  readonly picture: Box;
  /** First and last slice shown. */
  readonly slices: readonly [number, number];
}

/** No closer than this: a few voxels are not blown up to a picture. */
const mostPixelsPerVoxel = 6;

/** The axis stands in the middle of the vessels; the picture is as wide as they and the places reach at any angle. */
export function sceneOf(volume: Volume, places: readonly Place[]): Scene {
  const [x, y, z] = extentOf(volume, places);
  const centre = [(x.first + x.last) / 2, (y.first + y.last) / 2] as const;
  const reach = Math.max(farthestVessel(volume, centre), farthestPlace(volume, centre, places)) + 4;
  const tall = z.last - z.first + 1;
  const pixelsPerVoxel = Math.min(width / (2 * reach), mostPictureHeight / tall, mostPixelsPerVoxel);
  return {
    turn: { centre, width: rays, pixelsPerVoxel: (pixelsPerVoxel * rays) / width },
    pixelsPerVoxel,
    extents: lineExtents(volume),
    picture: { x: 0, y: strip, width, height: Math.round(tall * pixelsPerVoxel) },
    slices: [z.first, z.last],
  };
}

function farthestVessel({ size: [nx, ny], data }: Volume, [cx, cy]: readonly [number, number]): number {
  let most = 1;
  for (let index = 0; index < data.length; index += 1) {
    if (data[index]! <= 0) continue;
    const [dx, dy] = [(index % nx) - cx, (Math.floor(index / nx) % ny) - cy];
    most = Math.max(most, dx * dx + dy * dy);
  }
  return Math.sqrt(most);
}

function farthestPlace(
  volume: Volume,
  [cx, cy]: readonly [number, number],
  places: readonly Place[],
): number {
  const reaches = places.map(({ centreLpsMm, maxDiameterMm }) => {
    const [x, y] = lpsToIndex(volume, centreLpsMm);
    return Math.hypot(x - cx, y - cy) + maxDiameterMm / 2 / volume.spacingMm[0];
  });
  return Math.max(0, ...reaches);
}

interface Stage extends Vessels {
  readonly scene: Scene;
}

async function frameAt(sheet: Sheet, stage: Stage, degrees: number): Promise<ColourPicture> {
  const { scene, volume, window } = stage;
  const turn = { ...scene.turn, degrees };
  const plane = shownSlices(projectAtAngle(volume, scene.extents, turn), volume, scene);
  const grey = toGrey(enlarge(plane, width, scene.picture.height), window);
  const frame = onCanvas(grey, scene.picture.height + 2 * strip);
  const letters = letterItems(lettersAt(degrees), scene.picture, sheet.palette);
  const marks = sheet.places.map((place) => markAt(volume, scene, degrees, place));
  const items = [
    ...captions(sheet, scene, degrees),
    ...letters,
    ...markItems(marks, scene.picture, { taken: boxesOf(letters), palette: sheet.palette }),
  ];
  layOver(frame, await rasteriseLayer(frame, items));
  return frame;
}

function shownSlices(plane: Plane, { size: [, , nz] }: Volume, { slices: [first, last] }: Scene): Plane {
  const values = plane.values.subarray((nz - 1 - last) * plane.width, (nz - first) * plane.width);
  return { values, width: plane.width, height: last - first + 1 };
}

/** Where a place is seen at an angle, in the pixels of the frame. */
export function markAt(volume: Volume, scene: Scene, degrees: number, place: Place): Mark {
  const [i, j, k] = lpsToIndex(volume, place.centreLpsMm);
  const { pixelsPerVoxel } = scene;
  const radius = (place.maxDiameterMm / 2 / volume.spacingMm[0]) * pixelsPerVoxel + 5;
  return {
    x: ((columnOf({ ...scene.turn, degrees }, [i, j]) + 0.5) * width) / rays,
    y: scene.picture.y + (scene.slices[1] - k + 0.5) * pixelsPerVoxel,
    radius: Math.max(10, radius),
    label: place.label,
    shape: place.isFinding ? 'ring' : 'diamond',
  };
}

function onCanvas({ grey, width: columns }: GreyPicture, height: number): ColourPicture {
  const rgb = new Uint8Array(columns * height * 3);
  const start = strip * columns * 3;
  for (let pixel = 0; pixel < grey.length; pixel += 1) {
    const value = grey[pixel]!;
    if (value === 0) continue;
    rgb[start + pixel * 3] = rgb[start + pixel * 3 + 1] = rgb[start + pixel * 3 + 2] = value;
  }
  return { width: columns, height, rgb };
}

/** Which way the patient lies at the picture's borders, the stronger direction first (PS3.3 C.7.6.1.1.1). */
export function lettersAt(degrees: number): Letters {
  const { cosine, sine } = directionOf({ degrees });
  const towards = (x: number, y: number): string => {
    const parts = [
      { share: Math.abs(x), letter: x > 0 ? 'L' : 'R' },
      { share: Math.abs(y), letter: y > 0 ? 'P' : 'A' },
    ];
    return parts
      .filter(({ share }) => share > 0.1)
      .sort((a, b) => b.share - a.share)
      .map(({ letter }) => letter)
      .join('');
  };
  return { left: towards(-cosine, -sine), right: towards(cosine, sine), top: 'S', bottom: 'I' };
}

const sides = ['anterior', 'patientLeft', 'posterior', 'patientRight'] as const;

function captions(sheet: Sheet, scene: Scene, degrees: number): readonly Item[] {
  const { words, palette } = sheet;
  const style = { size: 15, colour: palette.muted };
  const side = sides[Math.round(degrees / 90) % 4]!;
  const bottom = scene.picture.y + scene.picture.height;
  const seen = `${words.say('rotatingMip')}, ${degrees.toFixed(0)}\u00b0. ${words.say('seenFrom', { side: words.say(side) })}`;
  const forResearch = isForResearch(sheet.input);
  const use = forResearch ? words.say('notForClinicalUse') : '';
  return [
    rect({ x: 0, y: 0, width, height: strip }, palette.panel),
    rect({ x: 0, y: bottom, width, height: strip }, palette.panel),
    textAround(fit(seen, width - 20, 15), { x: width / 2, y: 20 }, style),
    text('Willis', { x: 10, y: bottom + 20 }, style),
    textBefore(
      fit(use, width - 90, 15, 'bold'),
      { x: width - 10, y: bottom + 20 },
      { ...style, weight: 'bold' },
    ),
  ];
}
