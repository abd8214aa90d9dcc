import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import path from 'node:path';

/** Runs the tests of the Python kit where its environment is; in CI it must be. */
const root = path.join(import.meta.dirname, '..');
const python = process.env['WILLIS_PYTHON'] ?? path.join(root, '.venv', 'bin', 'python');

if (existsSync(python)) {
  const { status } = spawnSync(python, ['-m', 'pytest', '-q'], {
    cwd: path.join(root, 'models', 'training'),
    stdio: 'inherit',
  });
  process.exitCode = status ?? 1;
} else if (process.env['CI'] === 'true') {
  console.error('CI must have the Python environment (.venv)');
  process.exitCode = 1;
} else
  console.log("skipped: the kit's tests need a Python environment at .venv (conformance/README.md says how)");
