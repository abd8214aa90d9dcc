import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import path from 'node:path';

const root = path.join(import.meta.dirname, '..', '..');

/**
 * Builds the page where that was not done yet: a fresh checkout has its sources only. Returns what to tell the user;
 * without the builder (an installation without development packages) the node offers its API alone.
 */
export function buildPageWhereMissing(): string | null {
  if (existsSync(path.join(root, 'dist', 'page', 'index.html'))) return null;
  const vite = findVite();
  if (vite === null)
    return 'The page is not built ("npm run build:page"); the API and DICOMweb are there without it.';
  const config = path.join(root, 'src', 'web', 'ui', 'vite.config.ts');
  const args = [vite, 'build', '--config', config, '--logLevel', 'error'];
  const { status, stderr } = spawnSync(process.execPath, args, { cwd: root, encoding: 'utf8' });
  return status === 0 ? 'Built the page, once.' : `The page could not be built: ${stderr}`;
}

function findVite(): string | null {
  const vite = path.join(root, 'node_modules', 'vite', 'bin', 'vite.js');
  return existsSync(vite) ? vite : null;
}
