import { isInside, overlaps, text, type Box, type Item, type TextStyle } from './drawing.ts';
import type { Palette } from './palette.ts';
import { textWidth } from './text.ts';

export interface Mark {
  readonly x: number;
  readonly y: number;
  readonly radius: number;
  readonly label: string;
  /** A finding is a ring; what stayed below the threshold is a dashed diamond. */
  readonly shape: 'ring' | 'diamond';
}

const size = 20;
/** A label farther from its mark's rim than this is led to it by a line. */
const leaderFrom = 40;
const angles = [-45, 45, -135, 135, 0, 180, -90, 90, -22, 22, -158, 158, -68, 68, -112, 112] as const;

/**
 * Marks with their labels; each label stands where it covers no mark, no other label and nothing of `taken`, inside the
 * frame, with a leader where it is far. Labels never cover each other; where there is no free place, a mark goes unlabelled.
 */
export function markItems(
  marks: readonly Mark[],
  frame: Box,
  { taken, palette }: { readonly taken: readonly Box[]; readonly palette: Palette },
): readonly Item[] {
  const used: Box[] = [...taken];
  const labels = marks.flatMap((mark) => {
    const colour = colourOf(mark, palette);
    const style: TextStyle = { size, weight: 'bold', colour, halo: palette.panel };
    const box = placeFor(mark, { marks, frame, used });
    if (box === null) return [];
    used.push(box);
    const label = text(mark.label, { x: box.x, y: box.y + 0.77 * size }, style);
    return [...leader(mark, box, { marks, palette }), label];
  });
  return [...marks.flatMap((mark) => outline(mark, palette)), ...labels];
}

function colourOf(mark: Mark, palette: Palette): string {
  return mark.shape === 'ring' ? palette.mark : palette.below;
}

function outline(mark: Mark, palette: Palette): readonly Item[] {
  const rim = { colour: palette.panel, width: 4.4 };
  const line = { colour: colourOf(mark, palette), width: 2.4 };
  const { x, y, radius } = mark;
  if (mark.shape === 'ring')
    return [
      { kind: 'circle', x, y, radius, line: rim },
      { kind: 'circle', x, y, radius, line },
    ];
  const points = [
    [x, y - radius * 1.2],
    [x + radius * 1.2, y],
    [x, y + radius * 1.2],
    [x - radius * 1.2, y],
  ] as const;
  return [
    { kind: 'path', points, closed: true, line: rim },
    { kind: 'path', points, closed: true, line: { ...line, dashed: true } },
  ];
}

interface Surroundings {
  readonly marks: readonly Mark[];
  readonly frame: Box;
  readonly used: readonly Box[];
}

/** Beside the mark and no other; else farther away with a leader; at worst over marks; never over other words. */
function placeFor(mark: Mark, { marks, frame, used }: Surroundings): Box | null {
  const width = textWidth(mark.label, size, 'bold');
  const free = (box: Box): boolean => isInside(box, frame) && !used.some((other) => overlaps(box, other));
  const clear = (box: Box): boolean => free(box) && !marks.some((other) => overlaps(box, around(other)));
  const near = [0, 10, 22].flatMap((further) => angles.map((angle) => spot(mark, angle, { further, width })));
  const anywhere = raster(frame, width).sort((a, b) => distance(mark, a) - distance(mark, b));
  const own = (box: Box): boolean => clear(box) && isNearest(mark, box, marks);
  return (
    near.find(own) ?? near.find(clear) ?? anywhere.find(clear) ?? [...near, ...anywhere].find(free) ?? null
  );
}

function raster(frame: Box, width: number): Box[] {
  const boxes: Box[] = [];
  for (let y = frame.y; y + size <= frame.y + frame.height; y += size / 2) {
    for (let x = frame.x; x + width <= frame.x + frame.width; x += size / 2)
      boxes.push({ x, y, width, height: size });
  }
  return boxes;
}

function distance(mark: Mark, box: Box): number {
  return Math.hypot(box.x + box.width / 2 - mark.x, box.y + box.height / 2 - mark.y);
}

/** Whether a reader would take a label for this mark's: no other mark's rim is as near. */
function isNearest(mark: Mark, box: Box, marks: readonly Mark[]): boolean {
  const gap = (one: Mark): number => distance(one, box) - one.radius;
  return marks.every((other) => other === mark || gap(other) > gap(mark) + 4);
}

/** A line from mark to label where the label is not beside it, or as near to another mark. */
function leader(
  mark: Mark,
  box: Box,
  { marks, palette }: { readonly marks: readonly Mark[]; readonly palette: Palette },
): readonly Item[] {
  const away = distance(mark, box);
  if (away < mark.radius + leaderFrom && isNearest(mark, box, marks)) return [];
  const [dx, dy] = [(box.x + box.width / 2 - mark.x) / away, (box.y + box.height / 2 - mark.y) / away];
  const points = [
    [mark.x + dx * mark.radius, mark.y + dy * mark.radius],
    [mark.x + dx * (away - size * 0.7), mark.y + dy * (away - size * 0.7)],
  ] as const;
  return [
    { kind: 'path', points, line: { colour: palette.panel, width: 3.2 } },
    { kind: 'path', points, line: { colour: colourOf(mark, palette), width: 1.4 } },
  ];
}

function spot(mark: Mark, degrees: number, by: { further: number; width: number }): Box {
  const angle = (degrees * Math.PI) / 180;
  const reach = mark.radius + 4 + by.further;
  const [dx, dy] = [Math.cos(angle), Math.sin(angle)];
  const x = mark.x + dx * (reach + by.width / 2) - by.width / 2;
  const y = mark.y + dy * (reach + size / 2) - size / 2;
  return { x, y, width: by.width, height: size };
}

function around(mark: Mark): Box {
  const reach = mark.radius * (mark.shape === 'ring' ? 1 : 1.2);
  return { x: mark.x - reach, y: mark.y - reach, width: 2 * reach, height: 2 * reach };
}
