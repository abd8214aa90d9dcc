import { spawn, type ChildProcess } from 'node:child_process';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import net from 'node:net';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';

/** A receiver under test; TCP_NODELAY=1 for DCMTK and Orthanc, else delayed acknowledgements are all one measures. */
export interface Peer {
  readonly name: string;
  readonly port: number;
  readonly child: ChildProcess;
}

export async function startPeer(name: string, port: number, folder: string): Promise<Peer> {
  mkdirSync(folder, { recursive: true });
  const [command, ...args] = commandOf(name, port, folder);
  const child = spawn(command!, args, {
    stdio: 'ignore',
    env: { ...process.env, TCP_NODELAY: '1', NODE_COMPILE_CACHE: compileCache },
  });
  for (let tries = 0; tries < 200 && !(await answers(port)); tries += 1) await sleep(50);
  return { name, port, child };
}

/** As bin/willis.js has it. */
const compileCache = path.join(import.meta.dirname, '..', '..', 'node_modules', '.cache', 'willis');

/** Peak resident memory of a process, MB. */
export function peakMegabytes(pid: number): number {
  const status = readFileSync(`/proc/${pid}/status`, 'utf8');
  return Number(/VmHWM:\s+(\d+)/.exec(status)?.[1] ?? 0) / 1024;
}

function commandOf(name: string, port: number, folder: string): readonly string[] {
  const receiver = path.join(import.meta.dirname, 'receiver-process.ts');
  switch (name) {
    case 'storescp +B':
      return ['storescp', '-pdu', '131072', '+B', String(port), '-od', folder];
    case 'Orthanc':
      return ['Orthanc', orthancConfig(port, folder)];
    case 'willis, no fsync':
      return [process.execPath, receiver, String(port), folder, 'none'];
    default:
      return [process.execPath, receiver, String(port), folder, 'full'];
  }
}

function orthancConfig(port: number, folder: string): string {
  const file = path.join(folder, 'orthanc.json');
  const config = {
    StorageDirectory: folder,
    IndexDirectory: folder,
    DicomAet: 'ORTHANC',
    DicomPort: port,
    HttpServerEnabled: false,
    DicomAlwaysAllowStore: true,
    DicomCheckCalledAet: false,
    MaximumPduLength: 131_072,
    Plugins: [],
  };
  writeFileSync(file, JSON.stringify(config));
  return file;
}

async function answers(port: number): Promise<boolean> {
  return await new Promise((resolve) => {
    const socket = net.connect(port, '127.0.0.1', () => {
      socket.destroy();
      resolve(true);
    });
    socket.once('error', () => resolve(false));
  });
}
