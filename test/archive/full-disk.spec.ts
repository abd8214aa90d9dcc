import { mkdtempSync, rmSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import SqliteDatabase from 'better-sqlite3';
import { expect } from 'chai';
import { Kysely, sql } from 'kysely';
import { IndexDialect } from '../../src/archive/index-dialect.ts';

describe('a transaction of the index that finds the disk full', () => {
  const folder = mkdtempSync(path.join(os.tmpdir(), 'willis-full-'));
  after(() => rmSync(folder, { recursive: true, force: true }));

  it('fails by that name, not by that of the rollback which SQLite has made already', async () => {
    const sqlite = new SqliteDatabase(path.join(folder, 'index.sqlite'));
    sqlite.exec('CREATE TABLE kept (content BLOB)');
    // the pages of a file system without room
    sqlite.pragma('max_page_count = 4');
    const database = new Kysely<object>({ dialect: new IndexDialect(sqlite) });
    const fill = database
      .transaction()
      .execute(
        async (transaction) => await sql`INSERT INTO kept VALUES (zeroblob(100000))`.execute(transaction),
      );
    const error = await fill.then(
      () => undefined,
      (reason: unknown) => reason as { code: string },
    );
    expect(error?.code).to.equal('SQLITE_FULL');
    sqlite.pragma('max_page_count = 1000');
    await database
      .transaction()
      .execute(async (transaction) => await sql`INSERT INTO kept VALUES (1)`.execute(transaction));
    await database.destroy();
  });
});
