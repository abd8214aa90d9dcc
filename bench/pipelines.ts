import { spawn } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Dataset } from '../src/dicom/index.ts';
import type { SeriesFindings } from '../src/findings/index.ts';
import { writeDatasets } from '../test/support/sample.ts';
import { peakMegabytes } from './network/peers.ts';
import { fineCta, fineTof, headCt } from './volumes.ts';

const series: readonly (readonly [string, string, () => Promise<readonly Dataset[]> | readonly Dataset[]])[] =
  [
    ['tof-patch', '512 x 512 x 160', fineTof],
    ['tof-coarse-fine', '512 x 512 x 160', fineTof],
    ['cta-resnet', '512 x 512 x 160', fineCta],
    ['ncct-haemorrhage', '512 x 512 x 40', async () => await headCt(40)],
    ['ncct-haemorrhage', '512 x 512 x 160, thin', async () => await headCt(160)],
  ];

/** Each pipeline on a series of the size that scanners send, from files to results: a process of its own, so that peak memory is its own. */
export async function pipelines(): Promise<void> {
  const home = mkdtempSync(path.join(os.tmpdir(), 'willis-pipelines-'));
  console.log(
    '\nPipelines from files to results (willis process), 2 threads, CPU; seconds by the clock but for the processor time of both threads',
  );
  console.log(
    '| pipeline | series | state | load s | preprocess s | inference s | results s | whole process s | processor s | peak memory MB |\n|---|---|---|---|---|---|---|---|---|---|',
  );
  try {
    for (const [index, [pipeline, size, slices]] of series.entries()) {
      const folder = path.join(home, String(index));
      await writeDatasets(await slices(), folder);
      const { findings, seconds, processorSeconds, megabytes } = await processed(folder, pipeline);
      const { load, preprocess, inference, results } = findings.timingsMs;
      const parts = [load, preprocess, inference, results].map((ms) => (ms / 1000).toFixed(1)).join(' | ');
      const state =
        findings.state === 'not-analysed' ? `not analysed: ${findings.reason.code}` : findings.state;
      console.log(
        `| ${pipeline} | ${size} | ${state} | ${parts} | ${seconds.toFixed(1)} | ${processorSeconds.toFixed(1)} | ${megabytes.toFixed(0)} |`,
      );
      rmSync(folder, { recursive: true });
    }
  } finally {
    rmSync(home, { recursive: true, force: true });
  }
}

interface Processed {
  readonly findings: SeriesFindings;
  readonly seconds: number;
  readonly processorSeconds: number;
  readonly megabytes: number;
}

async function processed(folder: string, pipeline: string): Promise<Processed> {
  const json = path.join(folder, 'findings.json');
  const main = path.join(import.meta.dirname, '..', 'bin', 'willis.js');
  const options = ['--pipeline', pipeline, '--out', path.join(folder, 'results'), '--json', json];
  const started = performance.now();
  const child = spawn(process.execPath, [main, 'process', folder, ...options], {
    stdio: ['ignore', 'ignore', 'pipe'],
  });
  let said = '';
  child.stderr.on('data', (bytes: Buffer) => (said += bytes.toString()));
  const ended = new Promise<number | null>((resolve) => child.once('close', resolve));
  let usage = { megabytes: 0, processorSeconds: 0 };
  while (child.exitCode === null && child.signalCode === null) {
    usage = usageOf(child.pid!) ?? usage;
    await sleep(50);
  }
  if ((await ended) !== 0) throw new Error(`willis process failed:\n${said}`);
  const seconds = (performance.now() - started) / 1000;
  const [findings] = JSON.parse(readFileSync(json, 'utf8')) as readonly SeriesFindings[];
  return { findings: findings!, seconds, ...usage };
}

/** Of a process that still runs; null where it has just ended: then it has no memory any more. */
function usageOf(pid: number): Pick<Processed, 'megabytes' | 'processorSeconds'> | null {
  try {
    // the name in brackets may hold spaces; user and system time are the 14th and 15th field (proc(5)), in hundredths of a second
    const fields = readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ')[1]!.split(' ');
    const megabytes = peakMegabytes(pid);
    return megabytes === 0
      ? null
      : { megabytes, processorSeconds: (Number(fields[11]) + Number(fields[12])) / 100 };
  } catch {
    return null;
  }
}
