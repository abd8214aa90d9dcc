import path from 'node:path';
import { bundleFor, loadBundle, openEngine } from '../src/inference/index.ts';
import { tofCoarseFine } from '../src/pipelines/tof-coarse-fine/index.ts';
import { loadVolume, toLpsOrientation } from '../src/volume/index.ts';
import { sampleInstances } from '../test/support/sample.ts';

/** System 003 from volume to lesions on the sample (256 x 256 x 90), 2 threads. */
export async function outlines(): Promise<void> {
  const folder = path.join(import.meta.dirname, '..', 'models', 'tof-coarse-fine');
  const bundle = bundleFor(await loadBundle(folder), 'tof-coarse-fine');
  await using engine = openEngine({ providers: ['cpu'], threads: 2 });
  const { volume, frames } = await loadVolume(sampleInstances());
  const before = process.resourceUsage().maxRSS / 1000;
  const started = performance.now();
  const cpu = process.cpuUsage();
  const { findings } = await tofCoarseFine(
    { seriesInstanceUid: '2.25.1', volume: toLpsOrientation(volume), frames, contrastAgent: null },
    bundle,
    engine,
  );
  const seconds = ((performance.now() - started) / 1000).toFixed(1);
  const { user, system } = process.cpuUsage(cpu);
  const worked = ((user + system) / 1e6).toFixed(1);
  const peak = (process.resourceUsage().maxRSS / 1000).toFixed(0);
  console.log(
    `\ntof-coarse-fine on 256 x 256 x 90 voxels, 2 threads: ${seconds} s by the clock, ${worked} s of processor time (${findings.timingsMs.preprocess} ms of it preparing), peak memory ${peak} MB (${before.toFixed(0)} before), ${findings.state}`,
  );
}
