#!/usr/bin/env node
// Runs the TypeScript sources: on the Node that the package "node" brings, where the one at hand is older than 24.
import { spawn } from 'node:child_process';
import module, { createRequire } from 'node:module';
import path from 'node:path';

const main = path.join(import.meta.dirname, '..', 'src', 'main.ts');
// Sources are kept stripped of types and compiled: later starts are quicker and 20 MB smaller. Where this folder can't be
// written, or the variable names no other, every start is like the first. Threads and children know it by the variable.
process.env.NODE_COMPILE_CACHE ??= path.join(import.meta.dirname, '..', 'node_modules', '.cache', 'willis');
if (Number(process.versions.node.split('.')[0]) >= 24) {
  module.enableCompileCache(process.env.NODE_COMPILE_CACHE);
  await import(main);
} else {
  const folder = path.dirname(createRequire(import.meta.url).resolve('node/package.json'));
  const node = path.join(folder, 'bin', process.platform === 'win32' ? 'node.exe' : 'node');
  const child = spawn(node, [main, ...process.argv.slice(2)], { stdio: 'inherit' });
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) process.on(signal, () => child.kill(signal));
  child.on('exit', (status, signal) => (process.exitCode = status ?? (signal === null ? 1 : 130)));
}
