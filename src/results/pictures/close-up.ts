import type { Volume } from '../../volume/index.ts';
import { rect, text, type Box, type Item, type TextItem } from './drawing.ts';
import { toGrey } from './grey.ts';
import { markItems, type Mark } from './marks.ts';
import type { Picture } from './picture.ts';
import { cutSmoothly, type Cut } from './sample.ts';
import type { Place, Sheet } from './sheet.ts';
import { boxesOf, letterItems, onCut, type View } from './views.ts';

/** The cut through a place, as many pixels as the page gives it. */
export function cutThrough(place: Place, view: View, sideMm: number, sidePixels: number): Cut {
  return {
    centreLpsMm: place.centreLpsMm,
    right: view.right,
    down: view.down,
    sideMm,
    sidePixels: Math.round(sidePixels),
  };
}

/** A piece of the source with a ruler and orientation letters, and the mark of a place where it shows one. */
export function closeUp(
  sheet: Sheet,
  place: Place | null,
  { view, cut, box }: { view: View; cut: Cut; box: Box },
  more: { readonly picture?: Picture; readonly items?: readonly Item[] } = {},
): readonly Item[] {
  const { source, palette } = sheet;
  if (source === null) return [];
  const picture = more.picture ?? toGrey(cutSmoothly(source.volume, cut, source.window.low), source.window);
  const letters = letterItems(view.letters, box, palette);
  const scale = ruler(sheet, cut, box);
  const marks = place === null ? [] : [markIn(source.volume, place, cut, box)];
  return [
    rect(box, palette.panel),
    { kind: 'image', ...box, picture },
    ...letters,
    ...scale.items,
    ...(more.items ?? []),
    ...markItems(marks, box, { taken: boxesOf([...letters, scale.label]), palette }),
  ];
}

function markIn(volume: Volume, place: Place, cut: Cut, box: Box): Mark {
  return {
    ...onCut(volume, cut, place.centreLpsMm, box),
    radius: Math.max(10, (place.maxDiameterMm / 2 + 1.5) * (box.width / cut.sideMm)),
    label: place.label,
    shape: place.isFinding ? 'ring' : 'diamond',
  };
}

/** In the lower left corner, as long as the field allows; every other tick is longer. */
function ruler({ palette }: Sheet, cut: Cut, box: Box): { items: readonly Item[]; label: TextItem } {
  const perMm = box.width / cut.sideMm;
  const [lengthMm, tickMm] = cut.sideMm > 120 ? [50, 10] : [20, 5];
  const [x, y] = [box.x + 10, box.y + box.height - 12];
  const bar = (at: Box): readonly Item[] => [
    rect({ x: at.x - 1, y: at.y - 1, width: at.width + 2, height: at.height + 2 }, palette.panel),
    rect(at, palette.onPanel),
  ];
  const ticks = Array.from({ length: lengthMm / tickMm + 1 }, (_, index) => {
    const height = index % 2 === 0 ? 9 : 6;
    return bar({ x: x + index * tickMm * perMm - 1, y: y - height, width: 2, height });
  });
  const style = { size: 15, weight: 'bold', colour: palette.onPanel, halo: palette.panel } as const;
  const label = text(`${lengthMm} mm`, { x, y: y - 14 }, style);
  const line = bar({ x: x - 1, y: y - 1, width: lengthMm * perMm + 2, height: 2.5 });
  return { items: [...ticks.flat(), ...line, label], label };
}
