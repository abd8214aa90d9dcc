import { readdirSync, readFileSync } from 'node:fs';
import SqliteDatabase from 'better-sqlite3';
import { Kysely, type Transaction as KyselyTransaction } from 'kysely';
import { WillisError } from '../errors.ts';
import { IndexDialect } from './index-dialect.ts';
import { rememberConnection } from './one-go.ts';
import type { Tables } from './schema.ts';

export type Database = Kysely<Tables>;
/** Exists only inside a transaction: what takes one commits together with its caller's work or not at all. */
export type Transaction = KyselyTransaction<Tables>;

/** `none` gives up invariant 1 and exists for benchmarks against peers that do not sync. */
export type Durability = 'full' | 'none';

const migrationsFolder = new URL('./migrations/', import.meta.url);

/**
 * Opens the index at `file` (created when absent), write-ahead log with a flush at each commit, and brings it to the
 * newest migration. Throws INDEX_IN_USE when another node holds it, INDEX_TOO_NEW when a later version wrote it.
 */
export function openDatabase(file: string, durability: Durability = 'full'): Database {
  const sqlite = new SqliteDatabase(file, { timeout: 2000 });
  try {
    sqlite.pragma('journal_mode = WAL');
    sqlite.pragma(`synchronous = ${durability === 'full' ? 'FULL' : 'OFF'}`);
    sqlite.pragma('foreign_keys = ON');
    migrate(sqlite, file);
  } catch (error) {
    sqlite.close();
    throw error;
  }
  const database = new Kysely<Tables>({ dialect: new IndexDialect(sqlite) });
  rememberConnection(database, sqlite);
  return database;
}

/**
 * Holds `file` locked for the life of the process: two nodes on one data folder would run each job twice.
 * The operating system drops the lock when the process dies, however it dies.
 */
export function lockDataFolder(file: string): Disposable {
  const lock = new SqliteDatabase(file, { timeout: 0 });
  try {
    lock.pragma('locking_mode = EXCLUSIVE');
    lock.exec('BEGIN EXCLUSIVE');
  } catch (cause) {
    lock.close();
    throw new WillisError(
      'DATA_FOLDER_IN_USE',
      `The data folder is in use: ${file} is locked by another Willis node. Stop that node, or give this one a "node.dataDir" of its own.`,
      { cause },
    );
  }
  return { [Symbol.dispose]: () => lock.close() };
}

function migrate(sqlite: SqliteDatabase.Database, file: string): void {
  const migrations = readdirSync(migrationsFolder)
    .filter((name) => name.endsWith('.sql'))
    .sort();
  const applied = sqlite.pragma('user_version', { simple: true }) as number;
  if (applied > migrations.length) {
    throw new WillisError(
      'INDEX_TOO_NEW',
      `${file} was written by a newer Willis (index version ${applied}, this one knows ${migrations.length}). Install that version again, or restore the backup made before it.`,
    );
  }
  for (const [index, name] of migrations.entries()) {
    if (index < applied) continue;
    sqlite.transaction(() => {
      sqlite.exec(readFileSync(new URL(name, migrationsFolder), 'utf8'));
      sqlite.pragma(`user_version = ${index + 1}`);
    })();
  }
}
