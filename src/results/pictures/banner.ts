import { soughtKind } from '../../findings/index.ts';
import type { Key } from '../language/index.ts';
import { rect, text, textBefore, type Item, type Part } from './drawing.ts';
import { isForResearch, type Sheet } from './sheet.ts';
import { fitted, printable, textWidth, wrapAtMost } from './text.ts';

export const margin = 36;
const black = '#000000';

/** The head of every page: the state in words, colour and shape; the model; whether it may be used. */
export function banner(sheet: Sheet, width: number, headline: string): Part {
  const { findings, card } = sheet.input;
  const colour = sheet.palette.state[findings.state];
  const badge = isForResearch(sheet.input) ? badgeItems(sheet, width) : { items: [], width: 0 };
  const title = [card.title, useBeyondBadge(sheet)].filter((words) => words !== '').join(' - ');
  const style = { size: 17, weight: 'bold', colour: black } as const;
  const room = width - 2 * margin - badge.width;
  const lines = wrapAtMost(printable(title), 2, { ...style, width: room });
  const end = 70 + lines.length * 25 + 6;
  const headlineAt = { x: margin + 62, y: 51 };
  const said = fitted(headline, width - margin - headlineAt.x, { size: 30, weight: 'bold' });
  return {
    items: [
      rect({ x: 0, y: 0, width, height: end }, colour),
      ...icon(sheet),
      text(said.words, headlineAt, { size: said.size, weight: 'bold', colour: black }),
      ...lines.map((line, index) => text(line, { x: margin, y: 88 + index * 25 }, style)),
      ...badge.items,
      ...(findings.state === 'not-analysed' ? stripes(width, end) : []),
    ],
    end: findings.state === 'not-analysed' ? end + stripeHeight : end,
  };
}

/** The state's headline: how many findings of which kind, none, or not analysed. */
export function headline({ input: { findings }, words }: Sheet): string {
  if (findings.state === 'not-analysed') return words.say('notAnalysed');
  const count = findings.findings.length;
  const kind = soughtKind(findings);
  const key: Key = count === 0 ? `${kind}.none` : count === 1 ? `${kind}.one` : `${kind}.many`;
  return words.say(key, { count });
}

/** The intended use without what the badge says already. */
function useBeyondBadge({ input }: Sheet): string {
  return input.card.intendedUse.replace(/[;,.]?\s*not for clinical use\.?/i, '').trim();
}

function badgeItems(sheet: Sheet, width: number): { items: readonly Item[]; width: number } {
  const words = sheet.words.say('notForClinicalUse');
  const style = { size: 17, weight: 'bold', colour: '#ffffff' } as const;
  const wide = textWidth(words, style.size, style.weight) + 24;
  const right = width - margin;
  const items = [
    rect({ x: right - wide, y: 67, width: wide, height: 30 }, black),
    textBefore(words, { x: right - 12, y: 88 }, style),
  ];
  return { items, width: wide + 20 };
}

/** A shape a state: triangle, circle, square. */
function icon({ input }: Sheet): readonly Item[] {
  const [x, y] = [margin + 22, 40];
  const line = { colour: black, width: 4 };
  const cross = (dx: number): Item => ({
    kind: 'path',
    points: [
      [x - dx, y - 10],
      [x + dx, y + 10],
    ],
    line,
  });
  switch (input.findings.state) {
    case 'findings':
      return [
        { kind: 'path', points: triangle(x, y), closed: true, fill: black },
        { kind: 'path', points: rectangle(x - 2, y - 8, 4, 15), closed: true, fill: '#ffffff' },
        { kind: 'path', points: rectangle(x - 2, y + 10, 4, 4), closed: true, fill: '#ffffff' },
      ];
    case 'no-findings':
      return [{ kind: 'circle', x, y, radius: 18, line }];
    case 'not-analysed':
      return [
        { kind: 'path', points: rectangle(x - 19, y - 19, 38, 38), closed: true, line },
        cross(10),
        cross(-10),
      ];
  }
}

function triangle(x: number, y: number): readonly (readonly [number, number])[] {
  return [
    [x, y - 22],
    [x + 24, y + 19],
    [x - 24, y + 19],
  ];
}

function rectangle(
  x: number,
  y: number,
  width: number,
  height: number,
): readonly (readonly [number, number])[] {
  return [
    [x, y],
    [x + width, y],
    [x + width, y + height],
    [x, y + height],
  ];
}

const stripeHeight = 14;

/** Warning stripes under a page that is no result. */
function stripes(width: number, y: number): readonly Item[] {
  const out: Item[] = [rect({ x: 0, y, width, height: stripeHeight }, '#F0E442')];
  for (let x = 0; x < width; x += 28) {
    const end = Math.min(x + 28, width);
    const points = [
      [x, y + stripeHeight],
      [Math.min(x + 14, end), y],
      [end, y],
      [Math.min(x + 14, end), y + stripeHeight],
    ] as const;
    out.push({ kind: 'path', points, closed: true, fill: black });
  }
  return out;
}
