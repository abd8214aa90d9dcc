import { decimal, type Dataset } from '../dicom/index.ts';
import type { PipelineMaps } from '../pipelines/index.ts';
import {
  axesOf,
  indexToLps,
  lpsToIndex,
  type FrameGeometry,
  type Vector,
  type Volume,
} from '../volume/index.ts';
import { codeItem } from './common.ts';
import { heatColours, overlayFrom, overlayStrength } from './pictures/colour.ts';
import { windowOf, type Window } from './pictures/grey.ts';
import { rasteriseWithAlpha } from './pictures/rasterise.ts';
import { textPath, textWidth } from './pictures/text.ts';
import { secondaryCapture, type Picture } from './secondary-capture.ts';
import type { ResultInput, ResultInstance } from './types.ts';

/** One picture a source slice: the slice in grey, the probability over it in colour; it scrolls with its source. */
export async function* buildHeatmap(
  input: ResultInput,
  volume: Volume,
  maps: PipelineMaps,
): AsyncIterable<ResultInstance> {
  const [columns, rows] = volume.size;
  const window = windowOf(volume.data);
  const legend = await legendFor(columns, rows, input.card.intendedUse);
  const place = {
    kind: 'heatmap' as const,
    seriesNumber: 9902,
    description: 'Willis heatmap: probability of aneurysm',
    modality: input.source.attributes.text('Modality') ?? 'OT',
  };
  for (const [index, frame] of input.source.frames.entries()) {
    const picture = blendSlice(volume, maps.probability, index, window);
    layOver(picture, legend);
    yield secondaryCapture(
      input,
      { ...place, instanceNumber: index + 1 },
      picture,
      geometry(volume, frame, index),
    );
  }
}

/** Frame of Reference, Image Plane and the reference to the source frame (PS3.3 C.7.4.1, C.7.6.2, C.12.4). */
function geometry(volume: Volume, frame: FrameGeometry, index: number): Dataset {
  const place = indexToLps(volume, [0, 0, index]);
  return {
    FrameOfReferenceUID: frame.frameOfReferenceUid || undefined,
    PositionReferenceIndicator: frame.frameOfReferenceUid ? '' : undefined,
    ImagePositionPatient: place.map(decimal),
    ImageOrientationPatient: [...frame.imageOrientationPatient].map(decimal),
    PatientOrientation: axesOf(frame).slice(0, 2).map(directionLetters),
    PixelSpacing: [...frame.pixelSpacing].map(decimal),
    SliceThickness: decimal(volume.spacingMm[2]),
    SourceImageSequence: [
      {
        ReferencedSOPClassUID: frame.sopClassUid,
        ReferencedSOPInstanceUID: frame.sopInstanceUid,
        ReferencedFrameNumber: frame.frameNumber ?? undefined,
        PurposeOfReferenceCodeSequence: [
          codeItem({
            value: '121322',
            scheme: 'DCM',
            meaning: 'Source image for image processing operation',
          }),
        ],
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

function blendSlice(volume: Volume, map: Volume, slice: number, window: Window): Picture {
  const [columns, rows] = volume.size;
  const rgb = new Uint8Array(columns * rows * 3);
  const start = slice * columns * rows;
  const scale = 255 / (window.high - window.low);
  for (let index = 0; index < columns * rows; index += 1) {
    const grey = Math.max(0, Math.min(255, (volume.data[start + index]! - window.low) * scale));
    rgb[index * 3] = rgb[index * 3 + 1] = rgb[index * 3 + 2] = grey;
  }
  paintProbability(rgb, volume, map, slice);
  return { width: columns, height: rows, rgb };
}

/** Along a row the place in the map moves by a fixed step: only rows that touch the map's box are sampled. */
function paintProbability(rgb: Uint8Array, volume: Volume, map: Volume, slice: number): void {
  const [columns, rows] = volume.size;
  const at = (i: number, j: number): Vector => lpsToIndex(map, indexToLps(volume, [i, j, slice]));
  const origin = at(0, 0);
  const alongRow = step(origin, at(1, 0));
  const downColumn = step(origin, at(0, 1));
  for (let j = 0; j < rows; j += 1) {
    for (let i = 0; i < columns; i += 1) {
      const probability = sample(
        map,
        origin[0] + i * alongRow[0] + j * downColumn[0],
        origin[1] + i * alongRow[1] + j * downColumn[1],
        origin[2] + i * alongRow[2] + j * downColumn[2],
      );
      if (probability > overlayFrom) tint(rgb, (j * columns + i) * 3, probability);
    }
  }
}

function tint(rgb: Uint8Array, offset: number, probability: number): void {
  const share = overlayStrength * Math.min(1, (probability - overlayFrom) / 0.3);
  const colour = Math.round(probability * 255) * 3;
  for (let channel = 0; channel < 3; channel += 1) {
    rgb[offset + channel] = rgb[offset + channel]! * (1 - share) + heatColours[colour + channel]! * share;
  }
}

function step(from: Vector, to: Vector): Vector {
  return [to[0] - from[0], to[1] - from[1], to[2] - from[2]];
}

/** Trilinear, 0 outside the map. Most voxels are far from any candidate: eight zeros need no arithmetic. */

function sample(map: Volume, x: number, y: number, z: number): number {
  const [nx, ny, nz] = map.size;
  if (x < 0 || y < 0 || z < 0 || x > nx - 1 || y > ny - 1 || z > nz - 1) return 0;
  const i = Math.min(Math.floor(x), nx - 2);
  const j = Math.min(Math.floor(y), ny - 2);
  const k = Math.min(Math.floor(z), nz - 2);
  const base = i + nx * (j + ny * k);
  const plane = nx * ny;
  const { data } = map;
  const a = x - i;
  const b = y - j;
  const near =
    (data[base]! * (1 - a) + data[base + 1]! * a) * (1 - b) +
    (data[base + nx]! * (1 - a) + data[base + nx + 1]! * a) * b;
  const up = base + plane;
  const far =
    (data[up]! * (1 - a) + data[up + 1]! * a) * (1 - b) +
    (data[up + nx]! * (1 - a) + data[up + nx + 1]! * a) * b;
  const c = z - k;
  return near * (1 - c) + far * c;
}

interface Layer {
  readonly width: number;
  readonly height: number;
  readonly rgba: Uint8Array;
}

/** Colour bar and caption in the lower left corner, sized to the picture. */
async function legendFor(columns: number, rows: number, intendedUse: string): Promise<Layer> {
  const size = Math.max(7, Math.round(columns / 42));
  const barWidth = Math.round(columns / 4);
  const barHeight = Math.max(3, Math.round(size / 2));
  const bottom = rows - 4;
  const stops = Array.from({ length: 9 }, (_, index) => {
    const colour = Math.round((index / 8) * 255) * 3;
    return `<stop offset="${index / 8}" stop-color="rgb(${heatColours[colour]},${heatColours[colour + 1]},${heatColours[colour + 2]})"/>`;
  });
  const white = { size, colour: '#ffffff' };
  const caption = /not for clinical use/i.test(intendedUse) ? 'Willis - not for clinical use' : 'Willis';
  const svg = `<svg xmlns="http://www.w3.org/2000/svg" width="${columns}" height="${rows}">
    <defs><linearGradient id="heat">${stops.join('')}</linearGradient></defs>
    <rect x="4" y="${bottom - barHeight}" width="${barWidth}" height="${barHeight}" fill="url(#heat)" stroke="#ffffff" stroke-width="0.5"/>
    ${textPath('0', { x: 4, y: bottom - barHeight - 2 }, white)}
    ${textPath('probability', { x: 4 + (barWidth - textWidth('probability', size)) / 2, y: bottom - barHeight - 2 }, white)}
    ${textPath('1', { x: 4 + barWidth - textWidth('1', size), y: bottom - barHeight - 2 }, white)}
    ${textPath(caption, { x: columns - textWidth(caption, size) - 4, y: bottom }, white)}
  </svg>`;
  return await rasteriseWithAlpha(svg);
}

function layOver(picture: Picture, layer: Layer): void {
  for (let pixel = 0; pixel < picture.width * picture.height; pixel += 1) {
    const alpha = layer.rgba[pixel * 4 + 3]! / 255;
    if (alpha === 0) continue;
    for (let channel = 0; channel < 3; channel += 1) {
      const offset = pixel * 3 + channel;
      picture.rgb[offset] = picture.rgb[offset]! * (1 - alpha) + layer.rgba[pixel * 4 + channel]! * alpha;
    }
  }
}
