import { readFileSync } from 'node:fs';
import path from 'node:path';

/** id@version of a shipped bundle, as its manifest says: a bundle trained anew has another version. */
export function shippedName(bundle: string): string {
  const file = path.join(import.meta.dirname, '..', '..', 'models', bundle, 'model.json');
  const { id, version } = JSON.parse(readFileSync(file, 'utf8')) as { id: string; version: string };
  return `${id}@${version}`;
}
