import { existsSync, readdirSync } from 'node:fs';
import path from 'node:path';

/** Real images of third parties, beside the repository; never part of it. */
export const sharedData =
  process.env['WILLIS_SHARED_DATA'] ?? path.join(import.meta.dirname, '..', '..', '..', 'shared', 'data');

/** Skips where the images are not at hand, and says so. */
export function needsSharedData(context: Mocha.Context): void {
  if (existsSync(sharedData)) return;
  console.log('      skipped: the shared test images are not here (WILLIS_SHARED_DATA)');
  context.skip();
}

export function filesBelow(folder: string): readonly string[] {
  return readdirSync(path.join(sharedData, folder), { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => path.join(entry.parentPath, entry.name));
}
