import { codes, decimal, type Dataset } from '../dicom/index.ts';
import type { PipelineMaps } from '../pipelines/index.ts';
import {
  axesOf,
  indexToLps,
  planeDistanceMm,
  type FrameGeometry,
  type Vector,
  type Volume,
} from '../volume/index.ts';
import { codeItem } from './common.ts';
import { wordsIn } from './language/index.ts';
import { text, textBefore, type Item } from './pictures/drawing.ts';
import { toGrey } from './pictures/grey.ts';
import { heatBar, patternWords } from './pictures/legend.ts';
import { patterned, probabilityOn, reachOf, tinted } from './pictures/overlay.ts';
import type { Picture } from './pictures/picture.ts';
import { displayWindow, isForResearch } from './pictures/sheet.ts';
import { layOver, rasteriseLayer } from './pictures/svg.ts';
import { fit, textWidth } from './pictures/text.ts';
import type { ResultInput } from './types.ts';

/** The pictures of a heatmap in stack order, on the grid of the source. */
export async function* heatmapFrames(
  input: ResultInput,
  volume: Volume,
  { probability }: PipelineMaps,
  inColour: boolean,
): AsyncIterable<{ readonly picture: Picture; readonly index: number }> {
  const [width, height, count] = volume.size;
  const window = displayWindow(input, volume.data);
  const legend = await rasteriseLayer({ width, height }, legendItems(input, width, height, inColour));
  const reach = reachOf(probability);
  for (let index = 0; index < count; index += 1) {
    const values = volume.data.subarray(index * width * height, (index + 1) * width * height);
    const grey = toGrey({ values, width, height }, window);
    const heat = probabilityOn(index, volume, probability, reach);
    const picture = inColour ? tinted(grey, heat) : patterned(grey, heat);
    layOver(picture, legend);
    yield { picture, index };
  }
}

/** What the overlay means, in the lower left corner, and who says so, in the lower right one, sized to the picture. */
function legendItems(input: ResultInput, width: number, height: number, inColour: boolean): readonly Item[] {
  const words = wordsIn(input.language);
  const size = Math.max(8, Math.round(width / 44));
  const style = { size, colour: '#ffffff', halo: '#000000' };
  const bottom = height - 0.4 * size;
  const caption = isForResearch(input) ? `Willis: ${words.say('notForClinicalUse')}` : 'Willis';
  const room = width - 2 * size;
  if (!inColour) {
    const meaning = patternWords((values) => words.say('heatmapPatternTitle', values));
    return [
      text(fit(meaning, room, size), { x: size / 2, y: bottom }, style),
      textBefore(fit(caption, room, size), { x: width - size / 2, y: bottom - 1.4 * size }, style),
    ];
  }
  const probability = words.say('probability').toLowerCase();
  const wide = Math.min(width / 2, Math.max(width / 4, textWidth(probability, size) + 4 * size));
  const bar = { x: size / 2, y: bottom - 0.6 * size, width: wide, height: 0.6 * size };
  return [
    ...heatBar(bar, fit(probability, wide - 3 * size, size), style),
    textBefore(fit(caption, room - wide, size), { x: width - size / 2, y: bottom }, style),
  ];
}

/** What places a heatmap's frame in the patient, by module and macro. */
export interface FrameModules {
  readonly frameOfReference: Dataset;
  readonly place: Dataset;
  readonly orientation: Dataset;
  readonly measures: Dataset;
  readonly patientOrientation: readonly string[];
  readonly sourceImages: readonly Dataset[];
}

/** Frame of Reference, Image Plane and the reference to the source frame (PS3.3 C.7.4.1, C.7.6.2, C.12.4). */
export function frameGeometryModules(volume: Volume, frame: FrameGeometry, index: number): FrameModules {
  return {
    frameOfReference: {
      FrameOfReferenceUID: frame.frameOfReferenceUid || undefined,
      PositionReferenceIndicator: frame.frameOfReferenceUid ? '' : undefined,
    },
    place: { ImagePositionPatient: indexToLps(volume, [0, 0, index]).map(decimal) },
    orientation: { ImageOrientationPatient: [...frame.imageOrientationPatient].map(decimal) },
    measures: {
      PixelSpacing: [...frame.pixelSpacing].map(decimal),
      SliceThickness: decimal(planeDistanceMm(volume)),
    },
    patientOrientation: axesOf(frame).slice(0, 2).map(directionLetters),
    sourceImages: [
      {
        ReferencedSOPClassUID: frame.sopClassUid,
        ReferencedSOPInstanceUID: frame.sopInstanceUid,
        ReferencedFrameNumber: frame.frameNumber ?? undefined,
        PurposeOfReferenceCodeSequence: [codeItem(codes.sourceImageForProcessing)],
      },
    ],
  };
}

/** Letters of a direction by falling share, those above a tenth (PS3.3 C.7.6.1.1.1). */
function directionLetters(direction: Vector): string {
  const letters = ['RL', 'AP', 'FH'] as const;
  return [0, 1, 2]
    .filter((axis) => Math.abs(direction[axis]!) > 0.1)
    .sort((a, b) => Math.abs(direction[b]!) - Math.abs(direction[a]!))
    .map((axis) => letters[axis]![direction[axis]! > 0 ? 1 : 0]!)
    .join('');
}
