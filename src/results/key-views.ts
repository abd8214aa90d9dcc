import { wordsIn } from './language/index.ts';
import { keyViewPage } from './pictures/key-view-page.ts';
import { screen } from './pictures/palette.ts';
import { sheetOf } from './pictures/sheet.ts';
import { rasterise } from './pictures/svg.ts';
import { secondaryCapture } from './secondary-capture.ts';
import type { ResultInput, ResultInstance } from './types.ts';

/** One picture a finding that has a place: three planes through it, with ruler, letters, diameter and probability. */
export async function* buildKeyViews(input: ResultInput): AsyncIterable<ResultInstance> {
  const sheet = sheetOf(input, wordsIn(input.language), screen);
  const place = {
    kind: 'key-views',
    seriesNumber: 9914,
    description: 'Willis key views',
    modality: 'OT',
  } as const;
  const found = sheet.places.filter(({ isFinding }) => isFinding);
  for (const [index, finding] of found.entries()) {
    const page = keyViewPage(sheet, finding, input.output?.maps?.probability ?? null);
    yield secondaryCapture(input, { ...place, instanceNumber: index + 1 }, await rasterise(page), {});
  }
}
