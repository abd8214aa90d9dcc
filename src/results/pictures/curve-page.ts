import { findingThreshold } from '../../inference/index.ts';
import type { SliceProbabilities } from '../../pipelines/index.ts';
import { banner, headline, margin } from './banner.ts';
import {
  rect,
  text,
  textAround,
  textBefore,
  type Box,
  type Drawing,
  type Item,
  type Part,
} from './drawing.ts';
import { keySlices } from './key-slices.ts';
import { heatBar } from './legend.ts';
import { paragraph } from './paragraph.ts';
import type { Sheet } from './sheet.ts';
import { originLine } from './summary-pages.ts';
import { fit, textWidth, wrapAtMost } from './text.ts';

const width = 1100;
const axisRoom = 44;
const plot = { x: margin + axisRoom, width: width - 2 * margin - axisRoom - 8 };

/**
 * Small multiples, one a class, over one slice axis: each is named where it stands, so nothing depends on colour. The
 * part above the threshold is filled.
 */
export function curvePage(sheet: Sheet, curves: readonly SliceProbabilities[]): Drawing {
  const { palette } = sheet;
  const items: Item[] = [];
  let y = 0;
  const draw = (part: Part): void => {
    items.push(...part.items);
    y = part.end;
  };
  draw(banner(sheet, width, headline(sheet)));
  draw(title(sheet, y));
  draw(millimetres(sheet, countOf(curves), y));
  for (const curve of curves) draw(panel(sheet, curve, y));
  draw(sliceNumbers(sheet, countOf(curves), y));
  draw(sequenceMaps(sheet, y));
  draw(footer(sheet, y));
  return { width, height: Math.ceil(y + 20), background: palette.background, items };
}

function countOf(curves: readonly SliceProbabilities[]): number {
  return Math.max(1, ...curves.map(({ values }) => values.length));
}

function title({ words, palette }: Sheet, y: number): Part {
  const style = { size: 20, weight: 'bold', colour: palette.text } as const;
  const said = fit(words.say('curveTitle'), width - 2 * margin, style.size, style.weight);
  return paragraph([said], { x: margin, y: y + 34 }, style);
}

/** Middle of a slice (0-based) on the axis. */
function xOf(slice: number, count: number): number {
  return plot.x + ((slice + 0.5) / count) * plot.width;
}

function millimetres({ input, palette }: Sheet, count: number, y: number): Part {
  const spacing = input.volume?.spacingMm[2] ?? null;
  if (spacing === null) return { items: [], end: y + 8 };
  const step = roundStep((count * spacing) / 12);
  const style = { size: 14, colour: palette.muted };
  const items: Item[] = [textBefore('mm', { x: plot.x - 10, y: y + 24 }, style)];
  for (let mm = 0; mm <= (count - 1) * spacing; mm += step) {
    const x = xOf(mm / spacing, count);
    items.push(textAround(String(mm), { x, y: y + 24 }, style));
    items.push(rect({ x: x - 0.5, y: y + 29, width: 1, height: 5 }, palette.muted));
  }
  return { items, end: y + 34 };
}

function sliceNumbers({ palette, words }: Sheet, count: number, y: number): Part {
  const step = roundStep(count / 16);
  const style = { size: 14, colour: palette.muted };
  const items: Item[] = [];
  for (let slice = 1; slice <= count; slice += slice === 1 && step > 1 ? step - 1 : step) {
    const x = xOf(slice - 1, count);
    items.push(rect({ x: x - 0.5, y: y + 2, width: 1, height: 5 }, palette.muted));
    items.push(textAround(String(slice), { x, y: y + 22 }, style));
  }
  const axis = fit(words.say('curveAxis'), plot.width, 15);
  items.push(text(axis, { x: plot.x, y: y + 46 }, { size: 15, colour: palette.muted }));
  return { items, end: y + 50 };
}

/** 1, 2 or 5 times a power of ten, at least 1 and at least `least`. */
function roundStep(least: number): number {
  const power = 10 ** Math.floor(Math.log10(Math.max(1, least)));
  return [1, 2, 5, 10].map((factor) => factor * power).find((step) => step >= least)!;
}

function panel(sheet: Sheet, curve: SliceProbabilities, y: number): Part {
  const { palette, input } = sheet;
  const box = { ...plot, y: y + 30, height: curve.class === 'any' ? 130 : 72 };
  const threshold = findingThreshold(input.card, curve.class);
  const level = (value: number): number => box.y + (1 - value) * box.height;
  const style = { size: 13, colour: palette.muted };
  return {
    items: [
      ...panelTitle(sheet, curve, box),
      rect({ ...box, x: box.x - 1, width: 1 }, palette.muted),
      rect({ ...box, y: box.y + box.height, height: 1 }, palette.muted),
      textBefore('1', { x: box.x - 8, y: box.y + 10 }, style),
      textBefore('0', { x: box.x - 8, y: box.y + box.height }, style),
      ...steps(curve, box, { from: threshold, fill: palette.mark, rest: palette.below }),
      {
        kind: 'path',
        points: [
          [box.x, level(threshold)],
          [box.x + box.width, level(threshold)],
        ],
        line: { colour: palette.text, width: 1, dashed: true },
      },
    ],
    end: box.y + box.height + (curve.class === 'any' ? 14 : 6),
  };
}

/** The class in words with its highest slice, and what the dashed line is. */
function panelTitle({ words, palette, input }: Sheet, curve: SliceProbabilities, box: Box): readonly Item[] {
  const y = box.y - 9;
  const bold = { size: 17, weight: 'bold', colour: palette.text } as const;
  const plain = { size: 15, colour: palette.muted };
  const name = words.say(curve.class);
  const top = curve.values.reduce((best, value, slice) => (value > curve.values[best]! ? slice : best), 0);
  const peak = words.say('peak', {
    probability: words.probability(curve.values[top] ?? 0),
    slice: top + 1,
  });
  const after = box.x + textWidth(name, bold.size, bold.weight) + 16;
  const threshold = words.say('threshold', {
    threshold: words.number(findingThreshold(input.card, curve.class), 2),
  });
  const items = [text(name, { x: box.x, y }, bold), text(peak, { x: after, y }, plain)];
  return curve.class === 'any' || input.card.pipeline === 'ncct-haemorrhage'
    ? [...items, textBefore(`- - ${threshold}`, { x: box.x + box.width, y }, plain)]
    : items;
}

/** A column a slice: what reaches the threshold is bright and wide, the rest narrow. */
function steps(
  { values }: SliceProbabilities,
  box: Box,
  style: { readonly from: number; readonly fill: string; readonly rest: string },
): readonly Item[] {
  const each = box.width / values.length;
  return values.map((value, slice) => {
    const height = Math.max(1, value * box.height);
    const wide = value >= style.from ? Math.max(1, each * 0.86) : Math.max(1, each * 0.4);
    const x = xOf(slice, values.length) - wide / 2;
    return rect(
      { x, y: box.y + box.height - height, width: wide, height },
      value >= style.from ? style.fill : style.rest,
    );
  });
}

/** The key slice of each finding with the sequence-level map, where the bundle has it. */
function sequenceMaps(sheet: Sheet, y: number): Part {
  const { input, words, palette } = sheet;
  const map = input.output?.maps?.sequence;
  if (map === undefined || input.card.pipeline !== 'ncct-haemorrhage') return { items: [], end: y };
  const inner = width - 2 * margin;
  const slices = keySlices(sheet, y + 52, inner, map);
  if (slices.items.length === 0) return { items: [], end: y };
  const mm = input.card.preprocessing.fieldMm / input.card.explanation.cells;
  const style = { size: 16, colour: palette.muted };
  const lines = wrapAtMost(words.say('sequenceMapTitle', { mm: mm.toFixed(0) }), 2, {
    width: inner - 280,
    size: 16,
  });
  const title = paragraph(lines, { x: margin, y: y + 34 }, style);
  const bar = { x: width - margin - 240, y: y + 34, width: 240, height: 10 };
  const scale = palette.inColour ? heatBar(bar, '', { size: 13, colour: palette.muted }) : [];
  return { items: [...title.items, ...scale, ...slices.items], end: slices.end };
}

function footer(sheet: Sheet, y: number): Part {
  const style = { size: 15, colour: sheet.palette.muted };
  const lines = wrapAtMost(originLine(sheet), 2, { width: width - 2 * margin, size: style.size });
  return paragraph(lines, { x: margin, y: y + 30 }, style);
}
