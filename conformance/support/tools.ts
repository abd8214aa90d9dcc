import { spawn, spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import path from 'node:path';
import { needsSharedData, sharedData } from '../../test/support/shared-data.ts';
import { pixelmedJar } from './pixelmed.ts';

export const pythonPath =
  process.env['WILLIS_PYTHON'] ?? path.join(import.meta.dirname, '..', '..', '.venv', 'bin', 'python');

/** Runs a peer or judge and gives back all it printed. */
export function run(
  command: string,
  args: readonly string[],
): { readonly status: number; readonly output: string } {
  const { status, stdout, stderr, error } = spawnSync(command, args, {
    encoding: 'utf8',
    env: { ...process.env, TCP_NODELAY: '1' },
    maxBuffer: 1 << 26,
  });
  if (error !== undefined) throw error;
  return { status: status ?? -1, output: `${stdout}${stderr}` };
}

/** The same beside this process, for peers that talk to a node which runs in it. */
export async function runBeside(
  command: string,
  args: readonly string[],
): Promise<{ readonly status: number; readonly output: string }> {
  const child = spawn(command, args, { env: { ...process.env, TCP_NODELAY: '1' } });
  let output = '';
  for (const stream of [child.stdout, child.stderr])
    stream.on('data', (chunk: Buffer) => (output += chunk.toString()));
  return await new Promise((resolve, reject) => {
    child.once('error', reject);
    child.once('close', (status) => resolve({ status: status ?? -1, output }));
  });
}

export function runPython(script: string, ...args: readonly string[]): string {
  const { status, output } = run(pythonPath, [
    path.join(import.meta.dirname, '..', 'python', script),
    ...args,
  ]);
  if (status !== 0) throw new Error(`${script} failed:\n${output}`);
  return output;
}

/** Runs a script of ours on text, and gives back what it printed; its warnings aside. */
export function pythonInput(script: string, input: string, ...args: readonly string[]): string {
  const file = path.join(import.meta.dirname, '..', 'python', script);
  const { status, stdout, stderr } = spawnSync(pythonPath, [file, ...args], {
    encoding: 'utf8',
    input,
    maxBuffer: 1 << 26,
  });
  if (status !== 0) throw new Error(`${script} failed:\n${stderr}`);
  return stdout;
}

/** Skips a suite whose peer is not installed, saying so; in CI a missing peer is a failure. */
export function needs(context: Mocha.Context, ...tools: readonly string[]): void {
  const missing = tools.filter((tool) => !isThere(tool));
  if (missing.length === 0) return;
  if (process.env['CI'] === 'true') throw new Error(`CI must have ${missing.join(', ')}`);
  console.log(`      skipped: ${missing.join(', ')} not installed`);
  context.skip();
}

/** Skips what needs real images of third parties where they are not at hand, saying so; in CI that is a failure. */
export function needsRealImages(context: Mocha.Context): void {
  if (process.env['CI'] === 'true' && !existsSync(sharedData))
    throw new Error('CI must have the shared test images (WILLIS_SHARED_DATA)');
  needsSharedData(context);
}

function isThere(tool: string): boolean {
  if (tool === 'python') return existsSync(pythonPath);
  if (tool === 'pixelmed') return existsSync(pixelmedJar) && isThere('javac');
  return spawnSync('which', [tool]).status === 0;
}
