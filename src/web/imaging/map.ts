import { existsSync } from 'node:fs';
import path from 'node:path';
import { mapFileName } from '../../analysis/index.ts';
import type { ArchiveFiles } from '../../archive/index.ts';

export type MapFile = string;

/** Absolute path of the probability map beside an analysis' results, or null where there is none. */
export function mapFile(files: ArchiveFiles, folder: string): MapFile | null {
  const file = path.join(files.absolute(folder), mapFileName);
  return existsSync(file) ? file : null;
}
