import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { readInstance } from '../src/dicom/index.ts';
import { bundleFor, loadBundle, openEngine, type Engine } from '../src/inference/index.ts';
import { prepare } from '../src/pipelines/ncct-haemorrhage/prepare.ts';
import { readSlices } from '../src/pipelines/ncct-haemorrhage/read.ts';
import { loadVolume, toLpsOrientation, type Volume } from '../src/volume/index.ts';
import { pythonPath } from '../conformance/support/tools.ts';
import { headCtFiles } from '../test/support/sample.ts';

interface Judged {
  readonly matmulGflops: number;
  readonly networks: Readonly<
    Record<Name, { readonly gflop: number; readonly ortPython: number; readonly pytorch: number }>
  >;
  /** One 32^3 patch of system 001 in PyTorch. */
  readonly patchMs: number;
}

type Name = 'resnet18' | 'seResNext50';

const inputs: Readonly<Record<Name, { readonly title: string; readonly shape: readonly number[] }>> = {
  resnet18: { title: 'ResNet-18, 4 x 224 x 224', shape: [4, 3, 224, 224] },
  seResNext50: { title: 'SE-ResNeXt-50, 1 x 256 x 256', shape: [1, 3, 256, 256] },
};

/** The published networks beside ONNX Runtime in Python and PyTorch on one thread, and against the machine's matrix multiplication. */
export async function networks(): Promise<void> {
  const folder = mkdtempSync(path.join(os.tmpdir(), 'willis-networks-'));
  try {
    const judged = judge(folder);
    console.log(
      `\nNetworks, one thread, processor time, best of 6; a matrix multiplication of 2048 x 2048 runs at ${judged.matmulGflops.toFixed(0)} GFLOP/s`,
    );
    console.log(
      '| network | GFLOP | willis ms | of the matrix rate | ONNX Runtime Python ms | PyTorch ms |\n|---|---|---|---|---|---|',
    );
    for (const name of ['resnet18', 'seResNext50'] as const) {
      const { gflop, ortPython, pytorch } = judged.networks[name];
      const own = await bestOf(1, path.join(folder, `${name}.onnx`), inputs[name].shape);
      const share = ((100 * gflop) / (own / 1000) / judged.matmulGflops).toFixed(0);
      console.log(
        `| ${inputs[name].title} | ${gflop.toFixed(1)} | ${own.toFixed(0)} | ${share} % | ${ortPython.toFixed(0)} | ${pytorch.toFixed(0)} |`,
      );
    }
    await slices(path.join(folder, 'seResNext50.onnx'));
    console.log(
      `one 32 x 32 x 32 patch of system 001 in PyTorch, 8 at once, 2 threads: ${judged.patchMs.toFixed(1)} ms; 3584 patches (stride 10 over 180 x 180 x 160): ${(3.584 * judged.patchMs).toFixed(0)} s`,
    );
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

function judge(folder: string): Judged {
  const script = path.join(import.meta.dirname, 'python', 'networks.py');
  const { status, stdout, stderr } = spawnSync(pythonPath, [script, folder], { encoding: 'utf8' });
  if (status !== 0) throw new Error(`networks.py failed:\n${stderr}`);
  return JSON.parse(stdout.trim().split('\n').at(-1)!) as Judged;
}

async function bestOf(threads: number, file: string, shape: readonly number[]): Promise<number> {
  await using engine = openEngine({ providers: ['cpu'], threads });
  return await bestMs(engine, { file, shape, threads });
}

/** Processor time over the number of threads: other programs move it less than the clock. */
async function bestMs(
  engine: Engine,
  { file, shape, threads }: { file: string; shape: readonly number[]; threads: number },
): Promise<number> {
  const data = new Float32Array(shape.reduce((product, n) => product * n, 1)).map(
    (_, index) => (index % 7) / 7,
  );
  let best = Infinity;
  for (let pass = 0; pass < 7; pass += 1) {
    const started = process.cpuUsage();
    await engine.run(file, [{ name: 'image', data, shape }], ['logits']);
    // the first pass loads the network
    const { user, system } = process.cpuUsage(started);
    if (pass > 0) best = Math.min(best, (user + system) / 1000 / threads);
  }
  return best;
}

/** System 002 on 32 slices: the published size by its networks alone, and the shipped bundle as the pipeline runs it. */
async function slices(file: string): Promise<void> {
  const published = 4 * 2 * (await bestOf(2, file, [8, 3, 256, 256]));
  const bundle = bundleFor(
    await loadBundle(path.join(import.meta.dirname, '..', 'models', 'ncct-haemorrhage')),
    'ncct-haemorrhage',
  );
  await using engine = openEngine({ providers: ['cpu'], threads: 2 });
  const head = repeatedSlices(await headCt(), 32);
  let shipped = Infinity;
  for (let pass = 0; pass < 3; pass += 1) {
    const started = performance.now();
    await readSlices(prepare(head, bundle.manifest.preprocessing), bundle, engine);
    if (pass > 0) shipped = Math.min(shipped, performance.now() - started);
  }
  console.log(
    `32 slices of head CT, 2 threads: two SE-ResNeXt-50 at 256 x 256 ${(published / 1000).toFixed(1)} s of processor time a thread; the shipped bundle (128 x 128), prepared and read with its sequence model, ${(shipped / 1000).toFixed(1)} s by the clock`,
  );
}

async function headCt(): Promise<Volume> {
  const { volume } = await loadVolume(headCtFiles().map((name) => readInstance(readFileSync(name))));
  return toLpsOrientation(volume);
}

/** The outermost slice again until there are `count`. */
function repeatedSlices(volume: Volume, count: number): Volume {
  const [nx, ny, nz] = volume.size;
  const data = new Float32Array(nx * ny * count);
  for (let z = 0; z < count; z += 1) {
    const from = Math.min(z, nz - 1) * nx * ny;
    data.set(volume.data.subarray(from, from + nx * ny), z * nx * ny);
  }
  return { ...volume, size: [nx, ny, count], data };
}
