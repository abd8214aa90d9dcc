import { open, rename } from 'node:fs/promises';
import SqliteDatabase from 'better-sqlite3';
import { WillisError } from '../errors.ts';
import type { Database } from './database.ts';
import { connectionOf } from './one-go.ts';

/** Copies the index to `file` while the node runs; the copy is checked before it takes that name. Throws BACKUP_DAMAGED. */
export async function backupIndex(database: Database, file: string): Promise<void> {
  const draft = `${file}.draft`;
  await connectionOf(database).backup(draft);
  const copy = new SqliteDatabase(draft);
  try {
    const said = copy.pragma('integrity_check', { simple: true });
    if (said !== 'ok')
      throw new WillisError(
        'BACKUP_DAMAGED',
        `The copy of the index is damaged (${String(said)}). Check the disk of ${file}.`,
      );
  } finally {
    copy.close();
  }
  const handle = await open(draft, 'r');
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
  await rename(draft, file);
}
