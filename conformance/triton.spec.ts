import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import net, { type AddressInfo } from 'node:net';
import os from 'node:os';
import path from 'node:path';
import { expect } from 'chai';
import { analyseSeries } from '../src/analysis/analyse-series.ts';
import type { HaemorrhageFinding, SeriesFindings } from '../src/findings/index.ts';
import {
  loadBundle,
  openEngines,
  writeModelRepository,
  type Engines,
  type EnginesOptions,
} from '../src/inference/index.ts';
import { goldenDifference } from '../src/pipelines/index.ts';
import { headCtFiles } from '../test/support/sample.ts';

/** Python of an environment with nvidia-pytriton (which brings NVIDIA Triton) and onnxruntime. */
const python = process.env['WILLIS_TRITON_PYTHON'];
const models = path.join(import.meta.dirname, '..', 'models');
const pipelines = ['tof-patch', 'tof-coarse-fine', 'cta-resnet', 'ncct-haemorrhage'];

describe('NVIDIA Triton runs the networks of every bundle', function () {
  this.timeout(300_000);
  const folder = mkdtempSync(path.join(os.tmpdir(), 'willis-triton-'));
  const repository = path.join(folder, 'repository');
  const names = new Map<string, readonly string[]>();

  before(async function () {
    if (python === undefined || !existsSync(python)) {
      console.log('      skipped: WILLIS_TRITON_PYTHON names no Python with nvidia-pytriton');
      this.skip();
    }
    for (const pipeline of pipelines)
      names.set(
        pipeline,
        await writeModelRepository(await loadBundle(path.join(models, pipeline)), repository),
      );
  });
  after(() => rmSync(folder, { recursive: true, force: true }));

  it('the golden vectors of each come out right; a head CT gets the findings that this machine gives it', async () => {
    await using triton = await startTriton(repository);
    await using engines = remoteEngines(triton.port);
    for (const pipeline of pipelines) {
      const state = await engines.look(path.join(models, pipeline));
      expect(state, pipeline).to.deep.include({ remote: 'triton', pipeline, fault: null });
    }
    await using here = openEngines({ providers: ['cpu'], threads: 2 }, goldenDifference);
    const [remote, local] = [await headCt(engines, folder), await headCt(here, folder)];
    expect(remote.provider).to.equal('remote triton');
    expect(local.provider).to.equal('cpu');
    expect(rounded(remote)).to.deep.equal(rounded(local));
    triton.end();
    const fallen = await headCt(engines, folder);
    expect(fallen.provider).to.equal('cpu (remote triton: not used, REMOTE_UNREACHABLE)');
    expect(rounded(fallen)).to.deep.equal(rounded(local));
  });

  it('one network in the place of another is found out by the golden vectors, though it answers', async () => {
    const [a, b] = names.get('ncct-haemorrhage')!;
    const swapped = `${a!}=${path.join(repository, b!, '1', 'model.onnx')}`;
    await using triton = await startTriton(repository, swapped);
    await using engines = remoteEngines(triton.port);
    const state = await engines.look(path.join(models, 'ncct-haemorrhage'));
    expect(state!.fault).to.match(/^REMOTE_WEIGHTS_DIFFER: .* is off by 0\.\d+/);
    const findings = await headCt(engines, folder);
    expect(findings.provider).to.equal('cpu (remote triton: not used, REMOTE_WEIGHTS_DIFFER)');
  });
});

function remoteEngines(port: number): Engines {
  const triton: NonNullable<EnginesOptions['remotes']>[number] = {
    ...{ name: 'triton', url: `http://127.0.0.1:${port}`, pipelines, headers: {}, timeoutSeconds: 60 },
    ...{ maxMessageMegabytes: 256, maxGoldenDifference: 1e-3, retrySeconds: 60 },
    ifUnavailable: 'local',
  };
  return openEngines({ providers: ['cpu'], threads: 2, remotes: [triton] }, goldenDifference);
}

async function headCt(engines: Engines, folder: string): Promise<SeriesFindings> {
  const task = {
    ...{ paths: headCtFiles(), pipeline: 'ncct-haemorrhage', kinds: [], version: 1, supersedes: null },
    bundleFolder: path.join(models, 'ncct-haemorrhage'),
    folder: path.join(folder, 'results'),
    ...{ reason: null, inputSha256: 'a'.repeat(64), completeness: 'as given' },
    ...{ createdAtMs: 0, softwareVersion: 'test' },
  };
  rmSync(task.folder, { recursive: true, force: true });
  return (await analyseSeries(task, engines.forSeries())).findings;
}

function rounded({ state, findings }: SeriesFindings): unknown {
  const all = (findings as readonly HaemorrhageFinding[]).map((one) => ({
    subtype: one.subtype,
    keySopInstanceUid: one.keySopInstanceUid,
    probability: one.probability.toFixed(2),
    slices: one.slices.map(({ sopInstanceUid }) => sopInstanceUid),
    centre: one.centreLpsMm?.map((value) => value.toFixed(1)),
  }));
  return { state, all };
}

interface Triton extends AsyncDisposable {
  readonly port: number;
  end(): void;
}

async function startTriton(repository: string, ...swaps: readonly string[]): Promise<Triton> {
  const port = await freePort();
  const script = path.join(import.meta.dirname, 'python', 'triton.py');
  const child = spawn(python!, [script, repository, String(port), ...swaps]);
  let said = '';
  for (const stream of [child.stdout, child.stderr])
    stream.on('data', (part: Buffer) => (said += part.toString()));
  await untilReady(child, () => said);
  return {
    port,
    end: () => child.kill('SIGTERM'),
    [Symbol.asyncDispose]: async () => {
      if (child.exitCode !== null || child.signalCode !== null) return;
      const ended = once(child, 'exit');
      child.stdin.end();
      await ended;
    },
  };
}

async function untilReady(child: ChildProcess, said: () => string): Promise<void> {
  while (!/^ready$/m.test(said())) {
    if (child.exitCode !== null) throw new Error(`Triton ended:\n${said().slice(-3000)}`);
    await new Promise((resolve) => setTimeout(resolve, 200));
  }
}

async function freePort(): Promise<number> {
  const server = net.createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  server.close();
  return port;
}
