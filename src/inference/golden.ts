import { readFile } from 'node:fs/promises';
import path from 'node:path';
import type { z } from 'zod';
import { WillisError } from '../errors.ts';
import type { Bundle } from './bundle.ts';

/** What the kit's golden vectors of a bundle are: input as stored (int16), and what the kit makes of it. */
export interface Golden<Told> {
  readonly told: Told;
  readonly stored: Int16Array;
}

/** Reads golden vectors and their input. Throws BUNDLE_INVALID. */
export async function readGolden<Told extends { readonly file: string }>(
  { folder, manifest }: Bundle,
  form: z.ZodType<Told>,
): Promise<Golden<Told>> {
  const file = path.join(folder, manifest.golden);
  try {
    const told = form.parse(JSON.parse(await readFile(file, 'utf8')));
    const bytes = await readFile(path.join(path.dirname(file), path.basename(told.file)));
    return { told, stored: new Int16Array(Uint8Array.from(bytes).buffer) };
  } catch (cause) {
    throw new WillisError(
      'BUNDLE_INVALID',
      `The golden vectors of the bundle "${manifest.id}" cannot be read, so that no other machine can be checked with them. Export the bundle again with the kit.`,
      { cause },
    );
  }
}
