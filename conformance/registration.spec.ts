import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { expect } from 'chai';
import { headImage } from '../src/pipelines/index.ts';
import {
  applied,
  indexToLps,
  loadVolume,
  registerByArteries,
  toLpsOrientation,
  type RigidTransform,
  type Volume,
} from '../src/volume/index.ts';
import { headMove, movedHead } from '../test/support/moved-head.ts';
import { sampleInstances } from '../test/support/sample.ts';
import { needs, runPython } from './support/tools.ts';

describe('registration by arteries against SimpleITK', function () {
  this.timeout(300_000);
  before(function () {
    needs(this, 'python');
  });

  it('the same move within half a millimetre as its correlation of all grey values, which starts near the answer', async () => {
    const head = toLpsOrientation((await loadVolume(sampleInstances())).volume);
    const degrees = [6, -4, 8] as const;
    const shiftMm = [7, -5, 4] as const;
    const prior = headImage('tof-patch', head)!;
    const current = headImage('tof-patch', movedHead(head, headMove(head, degrees, shiftMm)))!;
    const ours = registerByArteries(prior, current);
    if (ours.kind === 'refused') throw new Error(ours.why);
    const theirs = judged(prior.image, current.image, {
      turn: degrees.map((value) => (0.6 * value * Math.PI) / 180),
      shift: shiftMm.map((mm) => 0.6 * mm),
    });
    const corners = [0.3, 0.7].flatMap((x) =>
      [0.3, 0.7].flatMap((y) => [0.2, 0.8].map((z) => [x, y, z] as const)),
    );
    const apartMm = corners.map(([x, y, z]) => {
      const { size } = prior.image;
      const point = indexToLps(prior.image, [x * size[0], y * size[1], z * size[2]]);
      const [a, b] = [applied(ours.toCurrent, point), applied(theirs, point)];
      return Math.hypot(a[0] - b[0], a[1] - b[1], a[2] - b[2]);
    });
    expect(Math.max(...apartMm)).to.be.below(0.5);
  });
});

function judged(
  prior: Volume,
  current: Volume,
  start: { readonly turn: readonly number[]; readonly shift: readonly number[] },
): RigidTransform {
  const folder = mkdtempSync(path.join(os.tmpdir(), 'willis-registration-'));
  try {
    const middleLpsMm = indexToLps(prior, prior.size.map((n) => (n - 1) / 2) as [number, number, number]);
    const { size, originLpsMm } = prior;
    writeFileSync(path.join(folder, 'job.json'), JSON.stringify({ size, originLpsMm, middleLpsMm, start }));
    for (const [name, { data }] of [
      ['prior', prior],
      ['current', current],
    ] as const)
      writeFileSync(
        path.join(folder, `${name}.raw`),
        new Uint8Array(data.buffer, data.byteOffset, data.byteLength),
      );
    return JSON.parse(runPython('registration.py', folder)) as RigidTransform;
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}
