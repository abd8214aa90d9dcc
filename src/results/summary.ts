import { wordsIn } from './language/index.ts';
import { greyScreen, screen } from './pictures/palette.ts';
import { sheetOf } from './pictures/sheet.ts';
import { summaryPages } from './pictures/summary-pages.ts';
import { rasterise, rasteriseGrey } from './pictures/svg.ts';
import { secondaryCapture } from './secondary-capture.ts';
import type { ResultInput, ResultInstance } from './types.ts';

const places = {
  summary: { kind: 'summary', seriesNumber: 9901, description: 'Willis summary', modality: 'OT' },
  'summary-grey': {
    kind: 'summary-grey',
    seriesNumber: 9911,
    description: 'Willis summary (grey)',
    modality: 'OT',
  },
} as const;

/** The summary pages as Secondary Capture pictures, in colour or, for a PACS that refuses colour, in grey. */
export async function* buildSummary(
  input: ResultInput,
  kind: 'summary' | 'summary-grey',
): AsyncIterable<ResultInstance> {
  const inColour = kind === 'summary';
  const pages = summaryPages(sheetOf(input, wordsIn(input.language), inColour ? screen : greyScreen));
  for (const [index, page] of pages.entries()) {
    const picture = inColour ? await rasterise(page) : await rasteriseGrey(page);
    yield secondaryCapture(input, { ...places[kind], instanceNumber: index + 1 }, picture, {});
  }
}
