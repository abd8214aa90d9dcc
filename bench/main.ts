import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import {
  evaluateDense,
  evaluatePatchwise,
  bundleFor,
  loadBundle,
  openEngine,
} from '../src/inference/index.ts';
import { sendInstances } from '../src/network/index.ts';
import { prepare } from '../src/pipelines/tof-patch/prepare.ts';
import { loadVolume, toLpsOrientation, type Size } from '../src/volume/index.ts';
import { kernels } from './kernels.ts';
import { networks } from './networks.ts';
import { outlines } from './outlines.ts';
import { pipelines } from './pipelines.ts';
import { fineTof } from './volumes.ts';
import { freePort, startNodeProcess, untilTrue } from '../test/support/node-process.ts';
import { sampleFiles, sampleInstances, writeDatasets } from '../test/support/sample.ts';
import { sendFiles } from '../test/support/study.ts';
import { startTestPacs } from '../test/support/test-pacs.ts';
import { peakMegabytes, startPeer, type Peer } from './network/peers.ts';
import { blast, prepare as prepareMessages } from './network/prepared.ts';
import { writeSeries } from './network/series.ts';

/** Measures against peers in one run and prints tables; ratios are what to trust on a busy machine. */
const passes = 5;
const slices = 200;
const home = mkdtempSync(path.join(os.tmpdir(), 'willis-bench-'));

const has = (tool: string): boolean => spawnSync('which', [tool]).status === 0;
const median = (values: readonly number[]): number => [...values].sort((a, b) => a - b)[values.length >> 1]!;

async function receive(): Promise<void> {
  const names = [
    'willis',
    'willis, no fsync',
    ...(has('storescp') ? ['storescp +B'] : []),
    ...(has('Orthanc') ? ['Orthanc'] : []),
  ];
  const peers: Peer[] = [];
  // fills the cache of compiled sources: measured is any start but the first
  (await startPeer('willis', await freePort(), path.join(home, 'warm'))).child.kill('SIGKILL');
  for (const [index, name] of names.entries())
    peers.push(await startPeer(name, await freePort(), path.join(home, `receiver-${index}`)));
  const seconds = new Map<string, number[]>(names.map((name) => [name, []]));
  for (let pass = 0; pass <= passes; pass += 1) {
    for (const peer of pass % 2 === 0 ? peers : [...peers].reverse()) {
      const series = prepareMessages(writeSeries(path.join(home, 'series'), slices, `${peer.port}${pass}`));
      // nobody pays for what another left to be written
      spawnSync('sync');
      const taken = await blast(peer.port, series);
      // the first pass warms up
      if (pass > 0) seconds.get(peer.name)!.push(taken);
    }
  }
  console.log(
    `\nReceiving ${slices} slices of 512 x 512 x 16 bits on one association, from messages prepared in memory (median of ${passes}, alternated)`,
  );
  console.log(
    '| receiver | images/s | MB/s | peak memory MB | against Orthanc | against storescp +B |\n|---|---|---|---|---|---|',
  );
  const rate = (name: string): number => slices / median(seconds.get(name) ?? [NaN]);
  for (const peer of peers) {
    const ratio = (base: string): string =>
      names.includes(base) ? (rate(peer.name) / rate(base)).toFixed(2) : '-';
    console.log(
      `| ${peer.name} | ${rate(peer.name).toFixed(0)} | ${(rate(peer.name) * 0.524).toFixed(0)} | ${peakMegabytes(peer.child.pid ?? 0).toFixed(0)} | ${ratio('Orthanc')} | ${ratio('storescp +B')} |`,
    );
    peer.child.kill('SIGKILL');
  }
}

/** One multi-frame object of 500 MB: the receivers' memory must not follow its size. */
async function receiveLarge(): Promise<void> {
  const large = writeSeries(path.join(home, 'large'), 1, '99', 1000);
  console.log('\nReceiving one object of 524 MB\n| receiver | MB/s | peak memory MB |\n|---|---|---|');
  for (const [index, name] of ['willis', ...(has('Orthanc') ? ['Orthanc'] : [])].entries()) {
    const peer = await startPeer(name, await freePort(), path.join(home, `large-${index}`));
    const started = performance.now();
    const [outcome] = await sendInstances({ aeTitle: 'WILLIS', host: '127.0.0.1', port: peer.port }, large, {
      callingAeTitle: 'BENCH',
    });
    if (outcome?.kind !== 'stored') throw new Error(`${name} did not store the large object`);
    const rate = (524_288 / (performance.now() - started)).toFixed(0);
    console.log(`| ${name} | ${rate} | ${peakMegabytes(peer.child.pid ?? 0).toFixed(0)} |`);
    peer.child.kill('SIGKILL');
  }
}

async function send(): Promise<void> {
  if (!has('storescp')) {
    console.log('\nSending: skipped, DCMTK is not installed');
    return;
  }
  const peer = await startPeer('storescp +B', await freePort(), path.join(home, 'sink'));
  const folder = path.join(home, 'outgoing');
  const series = writeSeries(folder, slices, '77');
  const ours: number[] = [];
  const theirs: number[] = [];
  for (let pass = 0; pass <= passes; pass += 1) {
    let started = performance.now();
    await sendInstances({ aeTitle: 'ANY', host: '127.0.0.1', port: peer.port }, series, {
      callingAeTitle: 'BENCH',
    });
    if (pass > 0) ours.push(performance.now() - started);
    started = performance.now();
    const { status } = spawnSync(
      'storescu',
      ['-xe', '-pdu', '131072', '127.0.0.1', String(peer.port), '+sd', folder],
      { env: { ...process.env, TCP_NODELAY: '1' } },
    );
    if (status !== 0) throw new Error('storescu failed');
    if (pass > 0) theirs.push(performance.now() - started);
  }
  console.log(`\nSending the same ${slices} slices to storescp +B (median of ${passes}, alternated)`);
  console.log(`| sender | s | images/s |\n|---|---|---|`);
  for (const [name, times] of [
    ['willis', ours],
    ['storescu', theirs],
  ] as const)
    console.log(
      `| ${name} | ${(median(times) / 1000).toFixed(2)} | ${((slices * 1000) / median(times)).toFixed(0)} |`,
    );
  console.log(
    `willis / storescu: ${(median(theirs) / median(ours)).toFixed(2)} (storescu's time has its process start in it)`,
  );
  peer.child.kill('SIGKILL');
}

async function dense(): Promise<void> {
  const folder = path.join(import.meta.dirname, '..', 'models', 'tof-patch');
  const bundle = bundleFor(await loadBundle(folder), 'tof-patch');
  await using engine = openEngine({ providers: ['cpu'], threads: 2 });
  const { volume } = await loadVolume(sampleInstances());
  const { image } = prepare(toLpsOrientation(volume), bundle.manifest.preprocessing);
  const head = repeated(image, [180, 180, 160]);
  const denseTimes: number[] = [];
  for (let pass = 0; pass < 4; pass += 1) {
    const started = performance.now();
    await evaluateDense(engine, bundle, head);
    if (pass > 0) denseTimes.push((performance.now() - started) / 1000);
  }
  const started = performance.now();
  const patches = await evaluatePatchwise(engine, bundle, head, 10);
  const patchSeconds = (performance.now() - started) / 1000;
  const denseSeconds = median(denseTimes);
  console.log(`\nThe network over ${head.size.join(' x ')} voxels of 1 mm (the sample, repeated), 2 threads`);
  console.log(
    `| way | s |\n|---|---|\n| dense (median of 3) | ${denseSeconds.toFixed(2)} |\n| ${patches.length} patches, stride 10 | ${patchSeconds.toFixed(1)} |`,
  );
  console.log(`dense is ${(patchSeconds / denseSeconds).toFixed(0)} times faster`);
}

/** The image again and again until `size` is full: the time does not depend on what is seen, but the sample is thin. */
function repeated(
  image: { readonly data: Float32Array; readonly size: Size },
  size: Size,
): { data: Float32Array; size: Size } {
  const data = new Float32Array(size[0] * size[1] * size[2]);
  for (let z = 0; z < size[2]; z += 1)
    for (let y = 0; y < size[1]; y += 1)
      for (let x = 0; x < size[0]; x += 1)
        data[x + size[0] * (y + size[1] * z)] =
          image.data[
            (x % image.size[0]) + image.size[0] * ((y % image.size[1]) + image.size[1] * (z % image.size[2]))
          ]!;
  return { data, size };
}

async function seriesToPacs(): Promise<void> {
  await using pacs = await startTestPacs(path.join(home, 'pacs'));
  await using node = await startNodeProcess(path.join(home, 'node'), {
    series: { quietPeriodSeconds: 1, quietPeriodAfterReleaseSeconds: 0 },
    destinations: [{ name: 'pacs', aeTitle: 'PACS', host: '127.0.0.1', port: pacs.port }],
  });
  console.log('\nLast image received -> last result in the PACS, quiet period 0, CPU');
  console.log('| series | results | s | peak memory of the node so far MB |\n|---|---|---|---|');
  const fine = await writeDatasets(await fineTof(), path.join(home, 'fine'));
  for (const [name, files] of [
    ['256 x 256 x 90, the first after the start', sampleFiles()],
    ['512 x 512 x 160', fine],
  ] as const) {
    const before = pacs.instances.size;
    await sendFiles(files, node.port);
    const started = performance.now();
    // a picture an image, the summary and the report
    const wanted = before + files.length + 2;
    await untilTrue(
      () => pacs.instances.size >= wanted,
      240_000,
      () => node.log(),
    );
    const seconds = ((performance.now() - started) / 1000).toFixed(1);
    console.log(`| ${name} | ${files.length + 2} | ${seconds} | ${peakMegabytes(node.pid()).toFixed(0)} |`);
  }
}

const benches = { receive, receiveLarge, send, dense, kernels, networks, outlines, pipelines, seriesToPacs };
const wanted = process.argv.slice(2);
for (const [name, bench] of Object.entries(benches))
  if (wanted.length === 0 || wanted.includes(name)) await bench();
rmSync(home, { recursive: true, force: true });
process.exit(0);
