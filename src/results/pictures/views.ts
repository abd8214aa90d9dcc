import type { Vector, Volume } from '../../volume/index.ts';
import { text, textAround, textBefore, textBox, type Box, type TextItem } from './drawing.ts';
import type { Palette } from './palette.ts';
import type { Cut, GridAxis } from './sample.ts';

/** A plane of a volume in LPS orientation, hung as radiologists hang it. */
export interface View {
  readonly name: 'axial' | 'coronal' | 'sagittal';
  readonly right: GridAxis;
  readonly down: GridAxis;
  /** What stands at the picture's borders. */
  readonly letters: Letters;
}

export interface Letters {
  readonly left: string;
  readonly right: string;
  readonly top: string;
  readonly bottom: string;
}

export const views = [
  {
    name: 'axial',
    right: { axis: 0, sign: 1 },
    down: { axis: 1, sign: 1 },
    letters: { left: 'R', right: 'L', top: 'A', bottom: 'P' },
  },
  {
    name: 'coronal',
    right: { axis: 0, sign: 1 },
    down: { axis: 2, sign: -1 },
    letters: { left: 'R', right: 'L', top: 'S', bottom: 'I' },
  },
  {
    name: 'sagittal',
    right: { axis: 1, sign: 1 },
    down: { axis: 2, sign: -1 },
    letters: { left: 'A', right: 'P', top: 'S', bottom: 'I' },
  },
] as const satisfies readonly View[];

/** Orientation letters inside the borders of a picture. */
export function letterItems(
  { left, right, top, bottom }: Letters,
  box: Box,
  palette: Palette,
): readonly TextItem[] {
  const style = { size: 16, weight: 'bold', colour: palette.letters, halo: palette.panel } as const;
  const [middleX, middleY] = [box.x + box.width / 2, box.y + box.height / 2 + 6];
  return [
    text(left, { x: box.x + 5, y: middleY }, style),
    textBefore(right, { x: box.x + box.width - 5, y: middleY }, style),
    textAround(top, { x: middleX, y: box.y + 17 }, style),
    textAround(bottom, { x: middleX, y: box.y + box.height - 6 }, style),
  ];
}

export function boxesOf(items: readonly TextItem[]): readonly Box[] {
  return items.map(textBox);
}

/** Where a point of the patient falls on the picture of a cut, in the page's units. */
export function onCut(grid: Volume, cut: Cut, point: Vector, box: Box): { x: number; y: number } {
  const path = point.map((value, axis) => value - cut.centreLpsMm[axis]!);
  const along = ({ axis, sign }: GridAxis): number =>
    sign * grid.directions[axis].reduce((sum, share, component) => sum + share * path[component]!, 0);
  return {
    x: box.x + (along(cut.right) / cut.sideMm + 0.5) * box.width,
    y: box.y + (along(cut.down) / cut.sideMm + 0.5) * box.height,
  };
}
