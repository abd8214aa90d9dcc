import type { HaemorrhageFinding } from '../../findings/index.ts';
import { indexToLps, type Volume } from '../../volume/index.ts';
import { margin } from './banner.ts';
import { closeUp } from './close-up.ts';
import { text, type Part } from './drawing.ts';
import { toGrey, type Window } from './grey.ts';
import { patterned, tinted } from './overlay.ts';
import type { Picture } from './picture.ts';
import { cutLinearly, cutSmoothly, type Cut } from './sample.ts';
import { sliceNumber, type Sheet } from './sheet.ts';
import { placeWords } from './table.ts';
import { fit } from './text.ts';
import { views } from './views.ts';

const gap = 18;
/** A head fits into it; a larger field of view is cut to the head. */
const headMm = 240;

/** The whole slice that shows each haemorrhage best, with a map over it where one is given: a pipeline that judges slices tells no place in them. */
export function keySlices(sheet: Sheet, y: number, width: number, map: Volume | null = null): Part {
  const { input, source, palette } = sheet;
  const { volume } = input;
  const shown = input.findings.findings.flatMap((finding, index) => {
    if (finding.kind !== 'haemorrhage') return [];
    const slice = sliceNumber(input, finding.keySopInstanceUid, finding.keyFrameNumber);
    return slice === null ? [] : [{ finding, slice, number: index + 1 }];
  });
  if (volume === null || source === null || shown.length === 0) return { items: [], end: y };
  const perRow = Math.max(3, Math.min(5, shown.length));
  const side = (width - (perRow - 1) * gap) / perRow;
  const style = { size: 16, weight: 'bold', colour: palette.muted } as const;
  const items = shown.flatMap(({ finding, slice, number }, index) => {
    const x = margin + (index % perRow) * (side + gap);
    const top = y + 24 + Math.floor(index / perRow) * (side + 44);
    const box = { x, y: top + 26, width: side, height: side };
    const cut = sliceOfHead(volume, slice, { side, window: source.window });
    const place = sheet.places.find(({ label }) => label === String(number)) ?? null;
    return [
      text(fit(titleOf(sheet, finding, { number, slice }), side, 16, 'bold'), { x, y: top + 16 }, style),
      ...closeUp(
        sheet,
        place,
        { view: views[0], cut, box },
        map === null ? {} : { picture: tintedCut(sheet, source, cut, map) },
      ),
    ];
  });
  const rows = Math.ceil(shown.length / perRow);
  return { items, end: y + 24 + rows * (side + 44) - 18 };
}

function tintedCut({ palette }: Sheet, source: NonNullable<Sheet['source']>, cut: Cut, map: Volume): Picture {
  const grey = toGrey(cutSmoothly(source.volume, cut, source.window.low), source.window);
  const heat = cutLinearly(map, source.volume, cut);
  return palette.inColour ? tinted(grey, heat) : patterned(grey, heat, 2);
}

function titleOf(
  sheet: Sheet,
  finding: HaemorrhageFinding,
  { number, slice }: { number: number; slice: number },
): string {
  return `${number}: ${placeWords(sheet, finding)}, ${sheet.words.say('slice')} ${slice}`;
}

function sliceOfHead(
  volume: Volume,
  slice: number,
  { side, window }: { readonly side: number; readonly window: Window },
): Cut {
  const [nx, ny] = volume.size;
  const wholeMm = Math.max(nx * volume.spacingMm[0], ny * volume.spacingMm[1]);
  const [x, y] = wholeMm > headMm ? brainMiddle(volume, window) : [(nx - 1) / 2, (ny - 1) / 2];
  return {
    centreLpsMm: indexToLps(volume, [x, y, slice - 1]),
    right: views[0].right,
    down: views[0].down,
    sideMm: Math.min(wholeMm, headMm),
    sidePixels: Math.round(side),
  };
}

const sampleEvery = 7;

/** Median place of what the window shows as grey in all slices: the brain, not the bright skull and head rest. */
function brainMiddle({ size: [nx, ny], data }: Volume, { low, high }: Window): readonly [number, number] {
  const byColumn = new Float64Array(nx);
  const byRow = new Float64Array(ny);
  for (let voxel = 0; voxel < data.length; voxel += sampleEvery) {
    if (data[voxel]! <= low || data[voxel]! >= high) continue;
    byColumn[voxel % nx]! += 1;
    byRow[Math.floor(voxel / nx) % ny]! += 1;
  }
  return [medianPlace(byColumn), medianPlace(byRow)];
}

/** Where half of the counts lie on either side; the middle where nothing was counted. */
function medianPlace(counts: Float64Array): number {
  const total = counts.reduce((sum, count) => sum + count, 0);
  if (total === 0) return (counts.length - 1) / 2;
  let sum = 0;
  return counts.findIndex((count) => (sum += count) >= total / 2);
}
