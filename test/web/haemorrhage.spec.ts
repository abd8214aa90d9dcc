import { mkdtempSync, mkdirSync, rmSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { expect } from 'chai';
import { openFiles } from '../../src/archive/index.ts';
import type { HaemorrhageFinding } from '../../src/findings/index.ts';
import { findingOf, sliceCurveOf } from '../../src/web/api/finding-lines.ts';
import { checkStack, type FrameGeometry } from '../../src/volume/index.ts';

const frame = (index: number): FrameGeometry => ({
  sopInstanceUid: `2.25.${index}`,
  sopClassUid: '1.2.840.10008.5.1.4.1.1.2',
  frameNumber: null,
  sourceSopInstanceUid: `2.25.${index}`,
  imagePositionPatient: [-100, -100, 5 * index],
  imageOrientationPatient: [1, 0, 0, 0, 1, 0],
  pixelSpacing: [0.5, 1],
  rows: 401,
  columns: 201,
  frameOfReferenceUid: '2.25.9',
  temporalIndex: 0,
});

describe('haemorrhages on the page', () => {
  const stack = checkStack([2, 0, 3, 1].map(frame));
  const finding: HaemorrhageFinding = {
    kind: 'haemorrhage',
    subtype: 'subdural',
    probability: 0.9,
    slices: [
      { sopInstanceUid: '2.25.2', frameNumber: null, probability: 0.9 },
      { sopInstanceUid: '2.25.gone', frameNumber: null, probability: 0.6 },
    ],
    centreLpsMm: null,
    volumeMm3: null,
    keySopInstanceUid: '2.25.2',
    keyFrameNumber: null,
  };

  it('tell subtype and slices in the order of the stack, with the middle of each to look at', () => {
    const shown = findingOf(finding, 0, stack);
    expect(shown).to.deep.include({
      number: 1,
      place: 'subdural haemorrhage',
      maxDiameterMm: null,
      growth: null,
    });
    expect(shown.slices).to.deep.equal([
      { number: 3, centreLpsMm: [0, 0, 10], probability: 0.9 },
      { number: null, centreLpsMm: null, probability: 0.6 },
    ]);
  });

  it('give the curve of each class where it fits the stack, and none where the series has grown since', () => {
    const folder = mkdtempSync(path.join(os.tmpdir(), 'willis-curve-'));
    const files = openFiles(folder, () => new Date());
    mkdirSync(path.join(folder, 'results', 'a'), { recursive: true });
    const file = path.join(folder, 'results', 'a', 'slices.json');
    expect(sliceCurveOf(files, 'results/a', stack)).to.equal(null);
    writeFileSync(file, JSON.stringify([{ class: 'any', values: [0, 0.2, 0.9, 0.1] }]));
    const curve = sliceCurveOf(files, 'results/a', stack)!;
    expect(curve.classes).to.deep.equal([{ class: 'any', values: [0, 0.2, 0.9, 0.1] }]);
    expect(curve.centresLpsMm.map(([, , superior]) => superior)).to.deep.equal([0, 5, 10, 15]);
    writeFileSync(file, JSON.stringify([{ class: 'any', values: [0, 0.2] }]));
    expect(sliceCurveOf(files, 'results/a', stack)).to.equal(null);
    rmSync(folder, { recursive: true });
  });
});
