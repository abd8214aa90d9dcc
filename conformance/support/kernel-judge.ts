import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import type { Size } from '../../src/volume/index.ts';
import { runPython } from './tools.ts';

export interface KernelJob {
  readonly kernel: string;
  readonly size: Size;
  readonly spacing?: readonly number[];
  readonly image?: Float32Array;
  readonly mask?: Uint8Array;
  readonly [option: string]: unknown;
}

/** What SimpleITK, scipy or numpy make of the same volume (`python/kernels.py`), and the seconds of processor time it took them. */
export function judgeKernel(job: KernelJob): { readonly out: Float32Array; readonly seconds: number } {
  const folder = mkdtempSync(path.join(os.tmpdir(), 'willis-kernel-'));
  try {
    const { image, mask, ...rest } = job;
    if (image !== undefined) writeFileSync(path.join(folder, 'image.raw'), bytes(image));
    if (mask !== undefined) writeFileSync(path.join(folder, 'mask.raw'), mask);
    writeFileSync(path.join(folder, 'job.json'), JSON.stringify(rest));
    const seconds = Number(runPython('kernels.py', folder).trim().split('\n').at(-1));
    const out = readFileSync(path.join(folder, 'out.raw'));
    return { out: new Float32Array(new Uint8Array(out).buffer), seconds };
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

function bytes(values: Float32Array): Uint8Array {
  return new Uint8Array(values.buffer, values.byteOffset, values.byteLength);
}
