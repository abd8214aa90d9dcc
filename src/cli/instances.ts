import { readFile, readdir, stat } from 'node:fs/promises';
import path from 'node:path';
import { readInstance } from '../dicom/index.ts';
import { WillisError } from '../errors.ts';

/** A file that is a DICOM instance, with what sorts it into series and onto the wire. */
export interface ListedInstance {
  readonly path: string;
  readonly sopClassUid: string;
  readonly sopInstanceUid: string;
  readonly transferSyntaxUid: string;
  readonly seriesInstanceUid: string;
}

/** The instances below files and folders; what is not DICOM is counted, a DICOMDIR is none. Throws NO_INSTANCES. */
export async function listInstances(
  paths: readonly string[],
): Promise<{ instances: readonly ListedInstance[]; skipped: number }> {
  const files = (await Promise.all(paths.map(filesBelow))).flat().sort();
  const instances: ListedInstance[] = [];
  for (const file of files) {
    const instance = await tryRead(file);
    if (instance !== undefined) instances.push(instance);
  }
  if (instances.length === 0)
    throw new WillisError('NO_INSTANCES', `No DICOM instance was found in ${paths.join(', ')}.`);
  return { instances, skipped: files.length - instances.length };
}

async function filesBelow(place: string): Promise<readonly string[]> {
  const found = await stat(place).catch((cause: unknown) => {
    throw new WillisError('NO_INSTANCES', `${place} cannot be read. Check the path.`, { cause });
  });
  if (!found.isDirectory()) return [place];
  const entries = await readdir(place, { recursive: true, withFileTypes: true });
  return entries.filter((entry) => entry.isFile()).map((entry) => path.join(entry.parentPath, entry.name));
}

async function tryRead(file: string): Promise<ListedInstance | undefined> {
  try {
    const { sopClassUid, sopInstanceUid, transferSyntaxUid, attributes } = readInstance(await readFile(file));
    const seriesInstanceUid = attributes.text('SeriesInstanceUID');
    if (sopClassUid === '' || sopInstanceUid === '' || seriesInstanceUid === undefined) return undefined;
    return { path: file, sopClassUid, sopInstanceUid, transferSyntaxUid, seriesInstanceUid };
  } catch (error) {
    if (error instanceof WillisError) return undefined;
    throw error;
  }
}
