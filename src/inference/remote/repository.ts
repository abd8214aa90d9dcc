import { copyFile, mkdir, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { signatureOf, type NetworkTensor } from '../engine.ts';
import type { Bundle } from '../bundle.ts';
import { networkFilesOf } from '../manifest.ts';
import { modelName } from './trusted-bundle.ts';

/** Writes a bundle's networks into a model repository of NVIDIA Triton (onnxruntime backend); gives the models' names. */
export async function writeModelRepository(bundle: Bundle, repository: string): Promise<readonly string[]> {
  const names: string[] = [];
  for (const { file } of networkFilesOf(bundle.manifest)) {
    const name = modelName(bundle, file);
    const source = path.join(bundle.folder, file);
    const { inputs, outputs } = await signatureOf(source);
    await mkdir(path.join(repository, name, '1'), { recursive: true });
    await copyFile(source, path.join(repository, name, '1', 'model.onnx'));
    const lines = [
      `name: "${name}"`,
      'backend: "onnxruntime"',
      // the batch is an axis like any other: our requests say it themselves
      'max_batch_size: 0',
      ...inputs.map((tensor) => tensorLine('input', tensor)),
      ...outputs.map((tensor) => tensorLine('output', tensor)),
    ];
    await writeFile(path.join(repository, name, 'config.pbtxt'), `${lines.join('\n')}\n`);
    names.push(name);
  }
  return names;
}

function tensorLine(side: 'input' | 'output', { name, shape }: NetworkTensor): string {
  return `${side} [ { name: "${name}" data_type: TYPE_FP32 dims: [ ${shape.join(', ')} ] } ]`;
}
