import type { Finding, Growth, HaemorrhageFinding } from '../../findings/index.ts';
import { margin } from './banner.ts';
import { rect, text, type Item, type Part, type TextStyle } from './drawing.ts';
import { paragraph } from './paragraph.ts';
import { sliceNumber, type Sheet } from './sheet.ts';
import { fit, fitted, printable } from './text.ts';

const columns = [
  { key: 'number', x: 0 },
  { key: 'place', x: 60 },
  { key: 'diameter', x: 500 },
  { key: 'volume', x: 645 },
  { key: 'probability', x: 785 },
  { key: 'slice', x: 995 },
] as const;
const mostRows = 10;
const rowHeight = 32;
const growthHeight = 26;

/** A row a finding, at most ten; how many more there are is said below. */
export function findingsTable(sheet: Sheet, y: number, width: number): Part {
  const { findings } = sheet.input.findings;
  if (findings.length === 0) return { items: [], end: y };
  const { words, palette } = sheet;
  const heads = columns.map(({ key }) => words.say(key));
  const items: Item[] = [
    ...row(heads, { y: y + 36, width }, { size: 17, weight: 'bold', colour: palette.muted }),
    rect({ x: margin, y: y + 46, width, height: 1 }, palette.muted),
  ];
  const style = { size: 21, colour: palette.text };
  let bottom = y + 42;
  for (const [index, finding] of findings.slice(0, mostRows).entries()) {
    bottom += rowHeight;
    items.push(...row(cells(sheet, finding, index), { y: bottom, width }, style));
    const then = sinceThen(sheet, finding);
    if (then === null) continue;
    bottom += growthHeight;
    const words = fit(then, width - columns[1].x, 17);
    items.push(text(words, { x: margin + columns[1].x, y: bottom }, { size: 17, colour: palette.text }));
  }
  const end = bottom + 6;
  if (findings.length <= mostRows) return { items, end };
  const more = words.say('more', { count: findings.length - mostRows });
  const said = paragraph([more], { x: margin, y: end + 26 }, style);
  return { items: [...items, ...said.items], end: said.end };
}

function row(
  texts: readonly string[],
  { y, width }: { readonly y: number; readonly width: number },
  style: TextStyle,
): readonly Item[] {
  return texts.map((words, index) => {
    const { x } = columns[index]!;
    const room = (columns[index + 1]?.x ?? width) - x - 14;
    const { size, words: shown } = fitted(words, room, style);
    return text(shown, { x: margin + x, y }, { ...style, size });
  });
}

function cells(sheet: Sheet, finding: Finding, index: number): readonly string[] {
  const { words } = sheet;
  const diameter = finding.kind === 'aneurysm' ? `${words.number(finding.maxDiameterMm, 1)} mm` : '-';
  const volume = finding.volumeMm3 === null ? '-' : `${words.number(finding.volumeMm3, 0)} mm\u00b3`;
  return [
    String(index + 1),
    placeWords(sheet, finding),
    diameter,
    volume,
    words.probability(finding.probability),
    slices(sheet, finding),
  ];
}

/** Where an aneurysm lies, or which haemorrhage it is. */
export function placeWords({ words }: Pick<Sheet, 'words'>, finding: Finding): string {
  return finding.kind === 'aneurysm' ? printable(words.place(finding.site)) : words.say(finding.subtype);
}

function slices({ input, words }: Sheet, finding: Finding): string {
  const count = input.source.frames.length;
  if (finding.kind === 'haemorrhage') {
    const range = rangeOf(input, finding);
    if (range !== null) return words.say('slicesRange', { ...range, count });
  }
  const slice = sliceNumber(input, finding.keySopInstanceUid, finding.keyFrameNumber);
  return slice === null ? '-' : words.say('ofSlices', { slice, count });
}

function rangeOf(
  input: Sheet['input'],
  { slices: marked }: HaemorrhageFinding,
): { readonly first: number; readonly last: number } | null {
  const numbers = marked.flatMap(
    ({ sopInstanceUid, frameNumber }) => sliceNumber(input, sopInstanceUid, frameNumber) ?? [],
  );
  const [first, last] = [Math.min(...numbers), Math.max(...numbers)];
  return first < last ? { first, last } : null;
}

/** What became of an aneurysm since the earlier study that it was compared with; null where there was none. */
function sinceThen(sheet: Sheet, finding: Finding): string | null {
  if (finding.kind !== 'aneurysm') return null;
  if (finding.growth !== undefined) return growthWords(sheet, finding.growth);
  const date = isoDate(sheet.input.findings.comparison?.prior?.studyDate ?? '');
  return finding.unmatched === undefined ? null : sheet.words.say(`unmatched.${finding.unmatched}`, { date });
}

function growthWords({ words }: Sheet, growth: Growth): string {
  const { prior, priorMaxDiameterMm, priorVolumeMm3, change } = growth;
  return words.say('growth', {
    change: words.say(change),
    date: isoDate(prior.studyDate),
    diameter: words.number(priorMaxDiameterMm, 1),
    volume: words.number(priorVolumeMm3, 0),
  });
}

/** DA as 2026-11-21; anything else as it stands. */
export function isoDate(date: string): string {
  return printable(date).replace(/^(\d{4})(\d{2})(\d{2})$/, '$1-$2-$3');
}
