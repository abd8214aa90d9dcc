import { mkdtempSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { expect } from 'chai';
import { part10Header, readInstance, type Dataset } from '../src/dicom/index.ts';
import { buildResults, type ResultInput, type ResultKind } from '../src/results/index.ts';
import {
  indexToLps,
  loadVolume,
  lpsToIndex,
  resampleIsotropic,
  toLpsOrientation,
  type Vector,
} from '../src/volume/index.ts';
import { aneurysmAt, madeInput, stateOf } from '../test/support/picture-input.ts';
import { writeDatasets } from '../test/support/sample.ts';
import { needs, runPython } from './support/tools.ts';
import { greyPixels } from '../test/support/grey-pixels.ts';

/** How a series was acquired: unit vectors of row and column, the way from slice to slice, mm between pixels (across, down). */
interface Acquisition {
  readonly row: Vector;
  readonly column: Vector;
  readonly step: Vector;
  readonly spacing: readonly [number, number];
}

interface Told {
  readonly place: Vector;
  readonly image: string;
  readonly pixel: readonly [number, number];
}

/** What the independent reader says (python/overlay.py). */
interface Judged {
  readonly brightest: Told;
  readonly steps: readonly [Vector, Vector, Vector];
  readonly overlays: Readonly<Record<string, Told>>;
}

const size = [96, 80, 24] as const;
/** Column, row, slice: off the middle along every axis. */
const bright = [61, 23, 14] as const;
const [cos, sin] = [Math.cos(0.35), Math.sin(0.35)];

const acquisitions: Readonly<Record<string, Acquisition>> = {
  'axial, anisotropic': { row: [1, 0, 0], column: [0, 1, 0], step: [0, 0, 1.9], spacing: [0.4, 0.7] },
  oblique: {
    row: [cos, sin, 0],
    column: [-sin * cos, cos * cos, sin],
    step: oblique(1.2),
    spacing: [0.6, 0.6],
  },
  'flipped: rows from behind, slices from above': {
    row: [1, 0, 0],
    column: [0, -1, 0],
    step: [0, 0, -1.5],
    spacing: [0.5, 0.5],
  },
  'turned over: columns from the left, slices from above': {
    row: [-1, 0, 0],
    column: [0, 1, 0],
    step: [0, 0, -1.1],
    spacing: [0.55, 0.8],
  },
  coronal: { row: [1, 0, 0], column: [0, 0, -1], step: [0, 1.4, 0], spacing: [0.7, 0.5] },
  sagittal: { row: [0, 1, 0], column: [0, 0, -1], step: [-1.3, 0, 0], spacing: [0.5, 0.5] },
};

const kinds: readonly ResultKind[] = [
  'heatmap',
  'heatmap-grey',
  'heatmap-multiframe',
  'parametric-map',
  'seg',
];
const overlays = [
  'secondary capture, RGB',
  'secondary capture, MONOCHROME2',
  'multi-frame',
  'map',
  'segmentation',
] as const;

describe('overlays lie on what they explain, before an independent reader', function () {
  this.timeout(120_000);
  const folder = mkdtempSync(path.join(os.tmpdir(), 'willis-overlay-'));
  after(() => rmSync(folder, { recursive: true, force: true }));

  for (const [name, acquisition] of Object.entries(acquisitions)) {
    it(`${name}: within half a voxel of the source pixel`, async function () {
      needs(this, 'python');
      const source = path.join(folder, name, 'source');
      const files = await writeDatasets(seriesOf(acquisition), source);
      const results = await resultsOf(files, path.join(folder, name));
      const {
        brightest,
        steps,
        overlays: told,
      } = JSON.parse(runPython('overlay.py', source, ...results)) as Judged;
      expect(brightest.pixel).to.deep.equal(bright.slice(0, 2));
      expect(Object.keys(told)).to.have.members([...overlays]);
      for (const kind of overlays) {
        const off = told[kind]!.place.map(
          (value, axis) => value - brightest.place[axis]!,
        ) as unknown as Vector;
        for (const step of steps)
          expect(Math.abs(along(off, step)), `${kind} in the patient`).to.be.lessThan(0.5);
        expect(told[kind]!.image, `${kind}: the slice it is drawn on`).to.equal(brightest.image);
        told[kind]!.pixel.forEach((value, axis) =>
          expect(value, `${kind} on the slice it names`).to.be.closeTo(brightest.pixel[axis]!, 0.5),
        );
      }
    });
  }
});

/** As the node makes them of the files: evidence is the bright place itself, on the grid a pipeline reads. */
async function resultsOf(files: readonly string[], folder: string): Promise<readonly string[]> {
  const instances = files.map((file) => readInstance(readFileSync(file)));
  const { volume, frames } = await loadVolume(instances);
  const seen = resampleIsotropic(toLpsOrientation(volume), 1);
  const probability = { ...seen, data: seen.data.map((value) => value / 1000) };
  const centre = indexToLps(volume, lpsToIndex(volume, indexToLps(probability, strongest(probability))));
  const made = madeInput([]);
  const finding = aneurysmAt(centre, { keySopInstanceUid: frames[0]!.sopInstanceUid });
  const input: ResultInput = {
    ...made,
    findings: stateOf([finding]),
    output: { ...made.output!, maps: { probability, patchProbability: probability, evidence: probability } },
    source: {
      attributes: instances[0]!.attributes,
      frames,
      sourceInstances: instances.map(({ sopClassUid, sopInstanceUid }) => ({ sopClassUid, sopInstanceUid })),
    },
    // evenly grey, so that all a picture shows is the overlay
    volume: { ...volume, data: new Float32Array(volume.data.length).fill(0.5) },
  };
  const out = path.join(folder, 'results');
  mkdirSync(out);
  const written: string[] = [];
  for await (const result of buildResults(input, kinds)) {
    if (!kinds.includes(result.kind)) continue;
    written.push(path.join(out, `${written.length}.dcm`));
    writeFileSync(written.at(-1)!, Buffer.concat([part10Header(result), result.dataset]));
  }
  return written;
}

function strongest({ data, size: [nx, ny] }: { readonly data: Float32Array; readonly size: Vector }): Vector {
  const top = data.reduce((best, value, index) => (value > data[best]! ? index : best), 0);
  return [top % nx, Math.floor(top / nx) % ny, Math.floor(top / (nx * ny))];
}

/** A blob of 1000 about one pixel, 2.5 mm wide whatever the spacing, in an MR series. */
function seriesOf({ row, column, step, spacing: [across, down] }: Acquisition): readonly Dataset[] {
  const [columns, rows, slices] = size;
  const thick = Math.hypot(...step);
  return Array.from({ length: slices }, (_, slice) => {
    const pixels = new Uint16Array(columns * rows);
    pixels.forEach((_value, pixel) => {
      const off = [
        ((pixel % columns) - bright[0]) * across,
        (Math.floor(pixel / columns) - bright[1]) * down,
        (slice - bright[2]) * thick,
      ];
      pixels[pixel] = Math.round(1000 * Math.exp(-(Math.hypot(...off) ** 2) / (2 * 2.5 ** 2)));
    });
    return {
      SOPClassUID: '1.2.840.10008.5.1.4.1.1.4',
      SOPInstanceUID: `2.25.77${slice}`,
      StudyInstanceUID: '2.25.75',
      SeriesInstanceUID: '2.25.76',
      FrameOfReferenceUID: '2.25.74',
      PatientID: 'OVERLAY',
      Modality: 'MR',
      InstanceNumber: String(slice + 1),
      ImagePositionPatient: step.map((value, axis) => String([-20, 31, -12][axis]! + slice * value)),
      ImageOrientationPatient: [...row, ...column].map((value) => value.toFixed(10)),
      PixelSpacing: [String(down), String(across)],
      SliceThickness: String(thick),
      ...greyPixels(rows, columns),
      PixelData: new Uint8Array(pixels.buffer),
    };
  });
}

/** The normal of the oblique series' row and column, of this length. */
function oblique(length: number): Vector {
  const [row, column] = [
    [cos, sin, 0],
    [-sin * cos, cos * cos, sin],
  ] as const;
  return [
    length * (row[1] * column[2] - row[2] * column[1]),
    length * (row[2] * column[0] - row[0] * column[2]),
    length * (row[0] * column[1] - row[1] * column[0]),
  ];
}

/** How many steps long a way is along a step. */
function along(way: Vector, step: Vector): number {
  return way.reduce((sum, value, axis) => sum + value * step[axis]!, 0) / Math.hypot(...step) ** 2;
}
