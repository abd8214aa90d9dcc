import { decimal } from '../dicom/index.ts';
import type { PipelineMaps } from '../pipelines/index.ts';
import { planeDistanceMm, type Volume } from '../volume/index.ts';
import { frameGeometryModules, heatmapFrames } from './heatmap-frames.ts';
import { multiFrameCapture } from './multi-frame-capture.ts';
import type { Picture } from './pictures/picture.ts';
import { secondaryCapture } from './secondary-capture.ts';
import type { ResultInput, ResultInstance } from './types.ts';

const places = {
  heatmap: { kind: 'heatmap', seriesNumber: 9902, description: 'Willis heatmap: probability' },
  'heatmap-grey': {
    kind: 'heatmap-grey',
    seriesNumber: 9913,
    description: 'Willis heatmap: probability (grey)',
  },
  'heatmap-multiframe': {
    kind: 'heatmap-multiframe',
    seriesNumber: 9912,
    description: 'Willis heatmap: probability (multi-frame)',
  },
} as const;

/** One picture a source slice: the slice in grey, the probability over it; it scrolls with its source. */
export async function* buildHeatmap(
  input: ResultInput,
  volume: Volume,
  maps: PipelineMaps,
  kind: 'heatmap' | 'heatmap-grey',
): AsyncIterable<ResultInstance> {
  const place = { ...places[kind], modality: modalityOf(input) };
  for await (const { picture, index } of heatmapFrames(input, volume, maps, kind === 'heatmap')) {
    const geometry = frameGeometryModules(volume, input.source.frames[index]!, index);
    yield secondaryCapture(input, { ...place, instanceNumber: index + 1 }, picture, {
      ...geometry.frameOfReference,
      ...geometry.place,
      ...geometry.orientation,
      ...geometry.measures,
      PatientOrientation: geometry.patientOrientation,
      SourceImageSequence: geometry.sourceImages,
    });
  }
}

/**
 * The same pictures as the frames of one object, each with its place in the patient. This object may have the functional groups
 * Pixel Measures, Plane Position and Plane Orientation, and no others (PS3.3 A.8.5.4); its sources stand beside them.
 */
export async function buildMultiFrameHeatmap(
  input: ResultInput,
  volume: Volume,
  maps: PipelineMaps,
): Promise<ResultInstance> {
  const pictures: Picture[] = [];
  for await (const { picture } of heatmapFrames(input, volume, maps, true)) pictures.push(picture);
  const frames = input.source.frames.map((frame, index) => frameGeometryModules(volume, frame, index));
  const [first] = frames;
  const place = { ...places['heatmap-multiframe'], instanceNumber: 1, modality: modalityOf(input) };
  return multiFrameCapture(input, place, pictures, {
    ...first!.frameOfReference,
    FrameIncrementPointer: [0x0018_2005],
    SliceLocationVector: frames.map((_, index) => index * planeDistanceMm(volume)),
    SourceImageSequence: frames.flatMap(({ sourceImages }) => sourceImages),
    SharedFunctionalGroupsSequence: [
      {
        PixelMeasuresSequence: [
          { ...first!.measures, SpacingBetweenSlices: decimal(planeDistanceMm(volume)) },
        ],
        PlaneOrientationSequence: [first!.orientation],
      },
    ],
    PerFrameFunctionalGroupsSequence: frames.map(({ place: position }) => ({
      PlanePositionSequence: [position],
    })),
  });
}

function modalityOf(input: ResultInput): string {
  return input.source.attributes.text('Modality') ?? 'OT';
}
