import type { SliceProbabilities } from '../pipelines/index.ts';
import { wordsIn } from './language/index.ts';
import { curvePage } from './pictures/curve-page.ts';
import { screen } from './pictures/palette.ts';
import { sheetOf } from './pictures/sheet.ts';
import { rasterise } from './pictures/svg.ts';
import { secondaryCapture } from './secondary-capture.ts';
import type { ResultInput, ResultInstance } from './types.ts';

/** The probability of each kind of haemorrhage from slice to slice, as a picture. */
export async function buildCurve(
  input: ResultInput,
  curves: readonly SliceProbabilities[],
): Promise<ResultInstance> {
  const page = curvePage(sheetOf(input, wordsIn(input.language), screen), curves);
  const place = {
    kind: 'curve',
    instanceNumber: 1,
    seriesNumber: 9916,
    description: 'Willis probability by slice',
    modality: 'OT',
  } as const;
  return secondaryCapture(input, place, await rasterise(page), {});
}
