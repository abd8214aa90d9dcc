import { toLpsOrientation, type Volume } from '../volume/index.ts';
import { wordsIn } from './language/index.ts';
import { multiFrameCapture } from './multi-frame-capture.ts';
import { cineFrames, frameTimeMs } from './pictures/cine-frames.ts';
import { screen } from './pictures/palette.ts';
import { sheetOf } from './pictures/sheet.ts';
import type { ResultInput, ResultInstance } from './types.ts';

/** The vessels as they turn once around, the places marked, as one object that plays by itself (PS3.3 C.7.6.5, C.8.6.3). */
export async function buildCine(input: ResultInput, image: Volume): Promise<ResultInstance> {
  const sheet = sheetOf(input, wordsIn(input.language), screen);
  const pictures = await cineFrames(sheet, toLpsOrientation(image));
  const place = {
    kind: 'cine',
    instanceNumber: 1,
    seriesNumber: 9915,
    description: 'Willis rotating MIP',
    modality: 'OT',
  } as const;
  return multiFrameCapture(input, place, pictures, {
    FrameIncrementPointer: [0x0018_1063],
    FrameTime: frameTimeMs,
    CineRate: Math.round(1000 / frameTimeMs),
    RecommendedDisplayFrameRate: Math.round(1000 / frameTimeMs),
    PreferredPlaybackSequencing: 0,
  });
}
