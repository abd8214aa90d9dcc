import { spawn, type ChildProcess } from 'node:child_process';
import { createWriteStream, mkdirSync, writeFileSync } from 'node:fs';
import net from 'node:net';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';

const main = path.join(import.meta.dirname, '..', '..', 'src', 'main.ts');

/** The real node as a process of its own, so that a test can kill it. Its data folder outlives it. */
export interface NodeProcess extends AsyncDisposable {
  readonly port: number;
  readonly dataDir: string;
  readonly log: () => string;
  readonly pid: () => number;
  /** kill -9, and gone. */
  kill(): Promise<void>;
  start(): Promise<void>;
}

export async function startNodeProcess(folder: string, changes: NodeChanges): Promise<NodeProcess> {
  mkdirSync(folder, { recursive: true });
  const port = changes.port ?? (await freePort());
  const dataDir = changes.dataDir ?? path.join(folder, 'data');
  const config = {
    node: { dataDir, minimumFreeMegabytes: changes.minimumFreeMegabytes ?? 50 },
    dicom: { host: '127.0.0.1', port, ...changes.dicom },
    series: {
      quietPeriodSeconds: 2,
      quietPeriodAfterReleaseSeconds: 0.5,
      retryPeriodSeconds: 5,
      ...changes.series,
    },
    web: { enabled: false, ...changes.web },
    destinations: changes.destinations ?? [],
    ...(changes.rules === undefined ? {} : { rules: changes.rules }),
    ...(changes.unmatched === undefined ? {} : { unmatched: changes.unmatched }),
    ...(changes.priors === undefined ? {} : { priors: changes.priors }),
  };
  const file = path.join(folder, 'willis.json');
  writeFileSync(file, JSON.stringify(config));
  let child: ChildProcess | undefined;
  let log = '';
  const start = async (): Promise<void> => {
    const started = spawn(process.execPath, [main, 'serve', '--config', file], {
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    child = started;
    const keep = createWriteStream(path.join(folder, 'node.log'), { flags: 'a' });
    started.stderr.on('data', (chunk: Buffer) => {
      log += chunk.toString();
      keep.write(chunk);
    });
    await untilTrue(
      () => canConnect(port),
      20_000,
      () => `the node did not start:\n${log}`,
    );
  };
  const stop = async (signal: NodeJS.Signals): Promise<void> => {
    const running = child;
    if (running === undefined || running.exitCode !== null || running.signalCode !== null) return;
    const gone = new Promise((resolve) => running.once('exit', resolve));
    running.kill(signal);
    await gone;
  };
  await start();
  return {
    port,
    dataDir,
    pid: () => child?.pid ?? 0,
    log: () => log,
    kill: async () => await stop('SIGKILL'),
    start,
    [Symbol.asyncDispose]: async () => await stop('SIGKILL'),
  };
}

export interface NodeChanges {
  readonly port?: number;
  readonly dataDir?: string;
  readonly minimumFreeMegabytes?: number;
  readonly dicom?: object;
  readonly series?: object;
  readonly web?: object;
  readonly destinations?: readonly object[];
  readonly rules?: readonly object[];
  readonly unmatched?: object;
  readonly priors?: object;
}

export async function untilTrue(
  condition: () => boolean | Promise<boolean>,
  timeoutMs: number,
  describe: () => string,
): Promise<void> {
  const until = Date.now() + timeoutMs;
  while (Date.now() < until) {
    if (await condition()) return;
    await sleep(50);
  }
  throw new Error(describe());
}

export async function freePort(): Promise<number> {
  const server = net.createServer().listen(0, '127.0.0.1');
  await new Promise((resolve) => server.once('listening', resolve));
  const { port } = server.address() as net.AddressInfo;
  await new Promise((resolve) => server.close(resolve));
  return port;
}

export async function canConnect(port: number): Promise<boolean> {
  return await new Promise((resolve) => {
    const socket = net.connect(port, '127.0.0.1', () => {
      socket.destroy();
      resolve(true);
    });
    socket.once('error', () => resolve(false));
  });
}
