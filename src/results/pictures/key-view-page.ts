import type { Vector, Volume } from '../../volume/index.ts';
import { banner, margin } from './banner.ts';
import { closeUp, cutThrough } from './close-up.ts';
import { text, type Box, type Drawing, type Item, type Part } from './drawing.ts';
import { toGrey } from './grey.ts';
import { heatBar, patternWords } from './legend.ts';
import { longestAxis } from './longest-axis.ts';
import { patterned, tinted } from './overlay.ts';
import { paragraph } from './paragraph.ts';
import { cutLinearly, cutSmoothly, type Cut } from './sample.ts';
import { hasOutlines, type Place, type Sheet } from './sheet.ts';
import { originLine } from './summary-pages.ts';
import { placeWords } from './table.ts';
import { fit, wrapAtMost } from './text.ts';
import { onCut, views, type View } from './views.ts';

const width = 1100;
const gap = 18;
const inner = width - 2 * margin;
const side = Math.floor((inner - 2 * gap) / 3);
const fieldMm = 50;

/** One finding in three planes through its centre: the source above, the model's probability over it below. */
export function keyViewPage(sheet: Sheet, place: Place, map: Volume | null): Drawing {
  const { words, palette, input } = sheet;
  const { findings } = input.findings;
  const number = Number(place.label);
  const finding = findings[number - 1]!;
  const title = words.say('findingOf', {
    number,
    count: findings.length,
    place: placeWords(sheet, finding),
  });
  const items: Item[] = [];
  let y = 0;
  const draw = (part: Part): void => {
    items.push(...part.items);
    y = part.end;
  };
  draw(banner(sheet, width, title));
  draw(facts(sheet, place, y));
  draw(sourceRow(sheet, place, map, y));
  if (map !== null) draw(heatRow(sheet, place, map, y));
  draw(footer(sheet, y));
  return { width, height: Math.ceil(y + 20), background: palette.background, items };
}

function facts({ words, palette, input }: Sheet, place: Place, y: number): Part {
  const finding = input.findings.findings[Number(place.label) - 1]!;
  const common = {
    probability: words.probability(place.probability),
    slice: words.say('ofSlices', { slice: place.slice ?? '-', count: input.source.frames.length }),
  };
  const said =
    finding.kind === 'aneurysm'
      ? words.say('keyViewFacts', {
          ...common,
          diameter: words.number(finding.maxDiameterMm, 1),
          volume: words.number(finding.volumeMm3, 0),
        })
      : words.say('keyViewFactsBrief', common);
  const style = { size: 20, weight: 'bold', colour: palette.text } as const;
  const lines = wrapAtMost(said, 2, { ...style, width: inner });
  return paragraph(lines, { x: margin, y: y + 34 }, style);
}

function sourceRow(sheet: Sheet, place: Place, map: Volume | null, y: number): Part {
  const axis = map === null || !hasOutlines(sheet.input) ? null : longestAxis(map, place);
  const items = views.flatMap((view, index) => {
    const { cut, box } = slot(place, view, index, y + 46);
    const line = axis === null ? [] : diameterLine(sheet, place, { axis, cut, box });
    const style = { size: 16, weight: 'bold', colour: sheet.palette.muted } as const;
    const title = sheet.words.say('fieldOfView', { view: sheet.words.say(view.name), mm: fieldMm });
    return [
      text(fit(title, side, style.size, style.weight), { x: box.x, y: box.y - 10 }, style),
      ...closeUp(sheet, place, { view, cut, box }, { items: line }),
    ];
  });
  return { items, end: y + 46 + side };
}

function slot(place: Place, view: View, index: number, y: number): { cut: Cut; box: Box } {
  const box = { x: margin + index * (side + gap), y, width: side, height: side };
  return { cut: cutThrough(place, view, fieldMm, side), box };
}

/** The largest diameter as each plane sees it, with bars at its ends. */
function diameterLine(
  { source, palette }: Sheet,
  { centreLpsMm, maxDiameterMm }: Place,
  { axis, cut, box }: { axis: Vector; cut: Cut; box: Box },
): readonly Item[] {
  if (source === null) return [];
  const end = (sign: 1 | -1): { x: number; y: number } => {
    const point = centreLpsMm.map((value, n) => value + (sign * axis[n]! * maxDiameterMm) / 2);
    return onCut(source.volume, cut, point as unknown as Vector, box);
  };
  const [a, b] = [end(1), end(-1)];
  const length = Math.hypot(b.x - a.x, b.y - a.y);
  if (length < 8) return [];
  const across = { x: (-(b.y - a.y) / length) * 5, y: ((b.x - a.x) / length) * 5 };
  const line = { colour: palette.mark, width: 1.8 };
  const rim = { colour: palette.panel, width: 3.4 };
  const bar = ({ x, y }: { x: number; y: number }): readonly (readonly [number, number])[] => [
    [x - across.x, y - across.y],
    [x + across.x, y + across.y],
  ];
  const between = [
    [a.x, a.y],
    [b.x, b.y],
  ] as const;
  return [
    { kind: 'path', points: bar(a), line: rim },
    { kind: 'path', points: bar(b), line: rim },
    { kind: 'path', points: between, line: rim },
    { kind: 'path', points: bar(a), line },
    { kind: 'path', points: bar(b), line },
    { kind: 'path', points: between, line: { ...line, dashed: true } },
  ];
}

function heatRow(sheet: Sheet, place: Place, map: Volume, y: number): Part {
  const { source, words, palette } = sheet;
  if (source === null) return { items: [], end: y };
  const top = y + 64;
  const items = views.flatMap((view, index) => {
    const { cut, box } = slot(place, view, index, top);
    const grey = toGrey(cutSmoothly(source.volume, cut, source.window.low), source.window);
    const heat = cutLinearly(map, source.volume, cut);
    const picture = palette.inColour ? tinted(grey, heat) : patterned(grey, heat, 2);
    return closeUp(sheet, place, { view, cut, box }, { picture });
  });
  return { items: [...heatTitle(sheet, words, top), ...items], end: top + side };
}

function heatTitle({ palette }: Sheet, words: Sheet['words'], top: number): readonly Item[] {
  const style = { size: 16, weight: 'bold', colour: palette.muted } as const;
  const title = palette.inColour
    ? words.say('heatmapTitle')
    : patternWords((values) => words.say('heatmapPatternTitle', values));
  const bar = { x: margin + inner - 240, y: top - 20, width: 240, height: 10 };
  const room = palette.inColour ? inner - 270 : inner;
  const said = text(fit(title, room, style.size, style.weight), { x: margin, y: top - 10 }, style);
  return palette.inColour ? [said, ...heatBar(bar, '', { size: 13, colour: palette.muted })] : [said];
}

function footer(sheet: Sheet, y: number): Part {
  const style = { size: 15, colour: sheet.palette.muted };
  const key = hasOutlines(sheet.input) ? 'keyViewCaption' : 'keyViewCaptionBrief';
  const caption = sheet.words.say(key, { mm: fieldMm });
  const lines = [
    ...wrapAtMost(caption, 3, { width: inner, size: style.size }),
    fit(originLine(sheet), inner, style.size),
  ];
  return paragraph(lines, { x: margin, y: y + 32 }, style);
}
