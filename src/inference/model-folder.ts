import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import path from 'node:path';
import type { z } from 'zod';
import { WillisError } from '../errors.ts';
import type { BundleIdentity } from '../findings/index.ts';

interface Form<Manifest> {
  readonly manifestName: string;
  readonly schema: z.ZodType<Manifest>;
  readonly networksOf: (manifest: Manifest) => readonly { readonly file: string; readonly sha256: string }[];
}

interface ModelFolder<Manifest> {
  readonly folder: string;
  readonly manifest: Manifest;
  readonly identity: BundleIdentity;
}

/** A manifest and the network files it names, checked against it; throws BUNDLE_INVALID naming the folder, what is wrong, and what to do. */
export async function readModelFolder<Manifest extends { readonly id: string; readonly version: string }>(
  folder: string,
  { manifestName, schema, networksOf }: Form<Manifest>,
): Promise<ModelFolder<Manifest>> {
  const name = path.basename(folder);
  const text = await readFile(path.join(folder, manifestName)).catch((cause: unknown) => {
    throw invalid(name, `${manifestName} cannot be read`, cause);
  });
  const manifest = parseManifest(text.toString('utf8'), { name, manifestName, schema });
  const whole = createHash('sha256').update(text);
  for (const { file, sha256 } of networksOf(manifest)) {
    const network = await readFile(path.join(folder, file)).catch((cause: unknown) => {
      throw invalid(name, `${file} cannot be read`, cause);
    });
    const found = createHash('sha256').update(network).digest('hex');
    if (found !== sha256)
      throw invalid(name, `${file} is not the file the manifest names (SHA-256 ${found.slice(0, 12)}...)`);
    whole.update(network);
  }
  return {
    folder,
    manifest,
    identity: { id: manifest.id, version: manifest.version, sha256: whole.digest('hex') },
  };
}

function parseManifest<Manifest>(
  text: string,
  { name, manifestName, schema }: Pick<Form<Manifest>, 'manifestName' | 'schema'> & { readonly name: string },
): Manifest {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (cause) {
    throw invalid(name, `${manifestName} is not JSON`, cause);
  }
  const parsed = schema.safeParse(value);
  if (parsed.success) return parsed.data;
  const faults = parsed.error.issues.map((issue) => `${issue.path.join('.')}: ${issue.message}`);
  throw invalid(name, `${manifestName}: ${faults.join('; ')}`);
}

function invalid(name: string, why: string, cause?: unknown): WillisError {
  return new WillisError(
    'BUNDLE_INVALID',
    `The bundle "${name}" was refused: ${why}. Export it again with the kit, or remove the folder.`,
    { cause },
  );
}
