import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { createRequire } from 'node:module';
import path from 'node:path';

const root = path.join(import.meta.dirname, '..', '..');

/**
 * Builds the page where that was not done yet: a fresh checkout has its sources only. Returns what to tell the user;
 * without the builder (an installation without development packages) the node offers its API alone.
 */
export function buildPageWhereMissing(): string | null {
  if (existsSync(path.join(root, 'dist', 'page', 'index.html'))) return null;
  const vite = findVite();
  if (vite === null) return 'The page is not built ("npm run build:page"); the API and DICOMweb are there without it.';
  const config = path.join(root, 'src', 'web', 'ui', 'vite.config.ts');
  const args = [vite, 'build', '--config', config, '--logLevel', 'error'];
  const { status, stderr } = spawnSync(process.execPath, args, { cwd: root, encoding: 'utf8' });
  return status === 0 ? 'Built the page, once.' : `The page could not be built: ${stderr}`;
}

function findVite(): string | null {
  try {
    const manifest = createRequire(import.meta.url).resolve('vite/package.json');
    return path.join(path.dirname(manifest), 'bin', 'vite.js');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'MODULE_NOT_FOUND') return null;
    throw error;
  }
}
