import { lpsToIndex, type Vector, type Volume } from '../../volume/index.ts';
import { rect, text, type Box, type Item } from './drawing.ts';
import { toGrey } from './grey.ts';
import { markItems, type Mark } from './marks.ts';
import { project } from './project.ts';
import { enlarge } from './sample.ts';
import type { Place, Sheet } from './sheet.ts';
import { boxesOf, letterItems, views, type View } from './views.ts';
import { extentOf, withoutShell } from './vessels.ts';

const gap = 18;
const titleHeight = 28;

/** Three maximum intensity projections at one scale, the axial one on the left, with the places marked. */
export function mipPanels(
  sheet: Sheet,
  prepared: Volume,
  room: Box,
): { readonly items: readonly Item[]; readonly width: number; readonly end: number } {
  const image = headOf(withoutShell(prepared), sheet.places);
  const [nx, ny, nz] = image.size;
  const wide = Math.max(nx, ny);
  const scale = Math.min(
    (room.width - gap) / (nx + wide),
    (room.height - titleHeight) / ny,
    (room.height - 2 * titleHeight - gap) / (2 * nz),
  );
  const second = room.x + nx * scale + gap;
  const corners = [
    { x: room.x, y: room.y },
    { x: second, y: room.y },
    { x: second, y: room.y + titleHeight + nz * scale + gap },
  ] as const;
  const items = views.flatMap((view, index) => panel(sheet, image, { view, scale, at: corners[index]! }));
  const height = Math.max(ny * scale + titleHeight, 2 * (nz * scale + titleHeight) + gap);
  return { items, width: nx * scale + gap + wide * scale, end: room.y + height };
}

/** The box around what is not 0. */
function headOf(image: Volume, places: readonly Place[]): Volume {
  const spans = extentOf(image, places);
  const [x, y, z] = spans;
  const size = [x.last - x.first + 1, y.last - y.first + 1, z.last - z.first + 1] as const;
  const data = new Float32Array(size[0] * size[1] * size[2]);
  for (let k = 0; k < size[2]; k += 1) {
    for (let j = 0; j < size[1]; j += 1) {
      const row = x.first + image.size[0] * (y.first + j + image.size[1] * (z.first + k));
      data.set(image.data.subarray(row, row + size[0]), size[0] * (j + size[1] * k));
    }
  }
  const origin = [0, 1, 2].map(
    (axis) =>
      image.originLpsMm[axis]! +
      spans.reduce(
        (sum, { first }, along) => sum + first * image.spacingMm[along]! * image.directions[along]![axis]!,
        0,
      ),
  );
  return { ...image, size, originLpsMm: origin as unknown as Vector, data };
}

const along = { axial: 'z', coronal: 'y', sagittal: 'x' } as const;
const titles = { axial: 'axialMip', coronal: 'coronalMip', sagittal: 'sagittalMip' } as const;

function panel(
  sheet: Sheet,
  image: Volume,
  { view, scale, at }: { view: View; scale: number; at: { x: number; y: number } },
): readonly Item[] {
  const plane = project(image, along[view.name]);
  const box = {
    x: at.x,
    y: at.y + titleHeight,
    width: plane.width * scale,
    height: plane.height * scale,
  };
  const smooth = enlarge(plane, Math.round(box.width), Math.round(box.height));
  const letters = letterItems(view.letters, box, sheet.palette);
  const marks = sheet.places.map((place) => markOn(image, view, { place, scale, box }));
  const style = { size: 17, weight: 'bold', colour: sheet.palette.muted } as const;
  return [
    text(sheet.words.say(titles[view.name]), { x: at.x, y: at.y + 17 }, style),
    rect(box, sheet.palette.panel),
    { kind: 'image', ...box, picture: toGrey(smooth, { low: 0.1, high: 1 }) },
    ...letters,
    ...markItems(marks, box, { taken: boxesOf(letters), palette: sheet.palette }),
  ];
}

/** Where a place falls on a projection: pixel centres of the projection lie half a voxel inside its border. */
function markOn(
  image: Volume,
  view: View,
  { place, scale, box }: { place: Place; scale: number; box: Box },
): Mark {
  const index = lpsToIndex(image, place.centreLpsMm);
  const at = (axis: 0 | 1 | 2, sign: 1 | -1): number =>
    (sign === 1 ? index[axis] + 0.5 : image.size[axis] - index[axis] - 0.5) * scale;
  return {
    x: box.x + at(view.right.axis, view.right.sign),
    y: box.y + at(view.down.axis, view.down.sign),
    radius: Math.max(9, (place.maxDiameterMm / 2 / image.spacingMm[0]) * scale + 5),
    label: place.label,
    shape: place.isFinding ? 'ring' : 'diamond',
  };
}
