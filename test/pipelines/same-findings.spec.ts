import path from 'node:path';
import { expect } from 'chai';
import type { Dataset } from '../../src/dicom/index.ts';
import { loadBundle, openEngine, type Engine } from '../../src/inference/index.ts';
import { runPipeline, type PipelineOutput } from '../../src/pipelines/index.ts';
import { loadVolume, toLpsOrientation, type Vector, type Volume } from '../../src/volume/index.ts';
import { ctInstances, headWith } from '../support/cta-phantom.ts';
import { enhanced, headCtDatasets, instanceOf, sampleDatasets } from '../support/sample.ts';

type Slices = readonly Record<string, Dataset[string]>[];

const angiogram = headWith(
  [{ centre: [8, -6, 4], radius: 3, hu: 380 }],
  { x: 8, y: -9, radius: 1.4, hu: 380 },
  { x: -10, y: -18, radius: 3.2, hu: 380 },
);
/** What pipelines read, and how far probabilities may change where a patient turns. */
const series: Readonly<Record<string, { slices: () => Promise<Slices>; within: number }>> = {
  'tof-patch': { slices: sampleDatasets, within: 2e-3 },
  // about the aneurysms only: the whole head takes its networks a minute
  'tof-coarse-fine': { slices: async () => middleOf(await sampleDatasets()), within: 2e-3 },
  // crops follow the patient's axes, not the scanner's: what turns with him is cut at another angle
  'cta-resnet': { slices: async () => await Promise.resolve(ctInstances(angiogram)), within: 0.3 },
  'ncct-haemorrhage': { slices: headCtDatasets, within: 2e-3 },
};

for (const [pipeline, { slices: source, within }] of Object.entries(series)) {
  describe(`${pipeline} sees the same, however the series was sent`, function () {
    this.timeout(120_000);
    let slices: Slices;
    let engine: Engine;
    before(async () => {
      slices = await source();
      engine = openEngine({ providers: ['cpu'], threads: 2 });
    });
    after(async () => await engine[Symbol.asyncDispose]());

    it('in any order, as one multi-frame instance, with the stack turned head to feet', async () => {
      const plain = await loaded(slices);
      const odd = [...slices].sort((a, b) => hash(a) - hash(b));
      for (const changed of [odd, [enhanced(slices)], upsideDown(slices)]) {
        const again = await loaded(changed);
        expect(again.volume.size).to.deep.equal(plain.volume.size);
        again.volume.originLpsMm.forEach((value, axis) =>
          expect(value).to.be.closeTo(plain.volume.originLpsMm[axis]!, 1e-3),
        );
        expect(whole(again.volume)).to.deep.equal(whole(plain.volume));
        expect(again.volume.data).to.deep.equal(plain.volume.data);
      }
    });

    it('a patient who lies askew has the same findings at places turned with him', async () => {
      const plain = await read(slices);
      const turned = await read(slices.map((slice) => ({ ...slice, ...askew(slice) })));
      expect(turned.findings.state).to.equal(plain.findings.state);
      expect(plain.findings.state).to.not.equal('not-analysed');
      const marks = placesOf(plain).map(({ centre, probability }) => ({
        centre: turn(centre),
        probability,
      }));
      const found = placesOf(turned);
      // a mark of either has its like in the other, which may lie on the other side of what makes a mark
      expectIn(found, marks.filter(isMark), within);
      expectIn(marks, found.filter(isMark), within);
    });

    async function loaded(changed: Slices): Promise<Awaited<ReturnType<typeof loadVolume>>> {
      const { volume, ...rest } = await loadVolume(changed.map(instanceOf));
      return { ...rest, volume: toLpsOrientation(volume) };
    }

    async function read(changed: Slices): Promise<PipelineOutput> {
      const bundle = await loadBundle(path.join(import.meta.dirname, '..', '..', 'models', pipeline));
      const input = { ...(await loaded(changed)), seriesInstanceUid: '2.25.5', contrastAgent: null };
      return await runPipeline(pipeline, input, bundle, engine);
    }
  });
}

/** 130 x 130 pixels and 48 slices about the circle of Willis: still all that the pipeline wants to be covered. */
function middleOf(slices: Slices): Slices {
  const [left, top, side, first, count] = [63, 63, 130, 21, 48] as const;
  return slices.slice(first, first + count).map((slice) => {
    const { attributes } = instanceOf(slice);
    const columns = attributes.number('Columns')!;
    const [rowMm, columnMm] = attributes.numbers('PixelSpacing');
    const along = attributes.numbers('ImageOrientationPatient');
    const stored = slice['PixelData'] as Uint8Array;
    const rows = Array.from({ length: side }, (_, row) => 2 * (left + columns * (top + row)));
    return {
      ...slice,
      Rows: side,
      Columns: side,
      ImagePositionPatient: attributes
        .numbers('ImagePositionPatient')
        .map((value, axis) =>
          (value + left * columnMm! * along[axis]! + top * rowMm! * along[axis + 3]!).toFixed(6),
        ),
      PixelData: Buffer.concat(rows.map((start) => stored.subarray(start, start + 2 * side))),
    };
  });
}

interface Place {
  readonly centre: Vector;
  readonly probability: number;
}

/** Findings and candidates. */
function placesOf({ findings, candidates }: PipelineOutput): readonly Place[] {
  return [...findings.findings, ...candidates].flatMap(({ centreLpsMm, probability }) =>
    centreLpsMm === null ? [] : [{ centre: centreLpsMm, probability }],
  );
}

/** Near to a finding, or one. */
function isMark({ probability }: Place): boolean {
  return probability >= 0.05;
}

function expectIn(places: readonly Place[], wanted: readonly Place[], within: number): void {
  for (const { centre, probability } of wanted) {
    const off = (one: Place): number => Math.hypot(...centre.map((value, axis) => value - one.centre[axis]!));
    const nearest = places.reduce((best, one) => (off(one) < off(best) ? one : best));
    expect(off(nearest)).to.be.lessThan(0.5);
    expect(nearest.probability).to.be.closeTo(probability, within);
  }
}

function whole({ directions }: Volume): readonly number[] {
  // no negative zero
  return directions.flat().map((value) => Math.round(value) + 0);
}

/** 9 degrees about the long axis, then 7 about the axis from right to left: oblique, and within what every bundle reads. */
function turn([x, y, z]: Vector): Vector {
  const [a, b] = [(9 * Math.PI) / 180, (7 * Math.PI) / 180];
  const [x1, y1] = [x * Math.cos(a) - y * Math.sin(a), x * Math.sin(a) + y * Math.cos(a)];
  return [x1, y1 * Math.cos(b) - z * Math.sin(b), y1 * Math.sin(b) + z * Math.cos(b)];
}

function askew(slice: Slices[0]): Record<string, Dataset[string]> {
  const { attributes } = instanceOf(slice);
  const numbers = (keyword: string): Vector[] => {
    const values = attributes.numbers(keyword);
    return Array.from(
      { length: values.length / 3 },
      (_, index) => values.slice(3 * index, 3 * index + 3) as unknown as Vector,
    );
  };
  const text = (vectors: readonly Vector[], digits: number): string[] =>
    vectors.flatMap((vector) => turn(vector).map((value) => value.toFixed(digits)));
  return {
    ImagePositionPatient: text(numbers('ImagePositionPatient'), 6),
    ImageOrientationPatient: text(numbers('ImageOrientationPatient'), 12),
  };
}

/** Rows from back to front, and the slices' normal pointing to the feet: the same voxels at the same places. */
function upsideDown(slices: Slices): Slices {
  return slices.toReversed().map((slice) => {
    const { attributes } = instanceOf(slice);
    const rows = attributes.number('Rows')!;
    const [x, y, z] = attributes.numbers('ImagePositionPatient');
    const [rowMm] = attributes.numbers('PixelSpacing');
    return {
      ...slice,
      ImageOrientationPatient: ['1', '0', '0', '0', '-1', '0'],
      ImagePositionPatient: [x!, y! + (rows - 1) * rowMm!, z!].map((value) => value.toFixed(6)),
      PixelData: rowsReversed(slice['PixelData'] as Uint8Array, rows),
    };
  });
}

function rowsReversed(bytes: Uint8Array, rows: number): Uint8Array {
  const row = bytes.length / rows;
  const out = new Uint8Array(bytes.length);
  for (let index = 0; index < rows; index += 1)
    out.set(bytes.subarray(index * row, (index + 1) * row), (rows - 1 - index) * row);
  return out;
}

/** An order that follows nothing. */
function hash(slice: Slices[0]): number {
  const text = instanceOf(slice).sopInstanceUid;
  return [...text].reduce((sum, char) => (sum * 31 + char.charCodeAt(0)) % 1009, 7);
}
