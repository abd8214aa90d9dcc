import { spawn, type ChildProcess } from 'node:child_process';
import path from 'node:path';
import { untilTrue } from '../../test/support/node-process.ts';
import { pythonPath, run } from './tools.ts';

/** Beside this process, which is the peer. */
export async function runLater(command: string, args: readonly string[]): Promise<string> {
  const running = keepOutput(spawn(command, args));
  await running.ended;
  return running.output();
}

/** A peer beside this process; disposing it ends it. */
export interface Running extends AsyncDisposable {
  readonly output: () => string;
  readonly ended: Promise<unknown>;
}

export async function startPython(script: string, args: readonly string[]): Promise<Running> {
  const child = spawn(pythonPath, [path.join(import.meta.dirname, '..', 'python', script), ...args]);
  const running = keepOutput(child);
  await untilTrue(() => running.output().includes('listening'), 20_000, running.output);
  return running;
}

export async function startTool(command: string, args: readonly string[], port: number): Promise<Running> {
  const running = keepOutput(spawn(command, args));
  await untilTrue(async () => await listens(port), 10_000, running.output);
  return running;
}

async function listens(port: number): Promise<boolean> {
  const { status } = run('bash', ['-c', `exec 3<>/dev/tcp/127.0.0.1/${port}`]);
  return await Promise.resolve(status === 0);
}

function keepOutput(child: ChildProcess): Running {
  let output = '';
  for (const stream of [child.stdout, child.stderr])
    stream?.on('data', (chunk: Buffer) => (output += chunk.toString()));
  const ended = new Promise((resolve) => child.once('close', resolve));
  return {
    output: () => output,
    ended,
    [Symbol.asyncDispose]: async () => {
      child.kill('SIGKILL');
      await ended;
    },
  };
}
