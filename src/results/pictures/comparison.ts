import type { VanishedAneurysm } from '../../findings/index.ts';
import { lpsToIndex } from '../../volume/index.ts';
import { margin } from './banner.ts';
import type { Part } from './drawing.ts';
import { paragraph } from './paragraph.ts';
import type { Sheet } from './sheet.ts';
import { isoDate } from './table.ts';
import { printable, wrapAtMost } from './text.ts';

const mostVanished = 5;

/** What the series was compared with; what was marked then and is not now is as important as a finding, and looks so. */
export function comparisonPart(sheet: Sheet, y: number, width: number): Part {
  const { input, words, palette } = sheet;
  const { comparison } = input.findings;
  if (comparison === undefined) return { items: [], end: y };
  const plain = { size: 17, colour: palette.muted };
  if (comparison.state === 'not-compared') {
    const said = words.say('notCompared', { why: printable(comparison.reason.text) });
    return paragraph(
      wrapAtMost(said, 3, { width, size: 17 }),
      { x: margin, y: y + 32 },
      { ...plain, colour: palette.text },
    );
  }
  const date = isoDate(comparison.prior.studyDate);
  const least = words.number(comparison.leastChangeMm, 1);
  const gone = comparison.vanished
    .slice(0, mostVanished)
    .flatMap((one) => wrapAtMost(vanishedWords(sheet, one, date), 2, { width, size: 19, weight: 'bold' }));
  const bold = paragraph(gone, { x: margin, y: y + 34 }, { size: 19, weight: 'bold', colour: palette.text });
  const from = gone.length === 0 ? y : bold.end;
  const lines = [
    ...(comparison.vanished.length > mostVanished
      ? [words.say('more', { count: comparison.vanished.length - mostVanished })]
      : []),
    ...wrapAtMost(words.say('compared', { date, least }), 2, { width, size: 17 }),
  ];
  const said = paragraph(lines, { x: margin, y: from + 28 }, plain);
  return { items: [...bold.items, ...said.items], end: said.end };
}

function vanishedWords({ input, words }: Sheet, vanished: VanishedAneurysm, date: string): string {
  const { why, centreLpsMm, maxDiameterMm, site } = vanished;
  const slice = input.volume === null ? '-' : Math.round(lpsToIndex(input.volume, centreLpsMm)[2]) + 1;
  return words.say(`vanished.${why}`, {
    ...{ date, slice, place: printable(words.place(site)) },
    diameter: words.number(maxDiameterMm, 1),
  });
}
