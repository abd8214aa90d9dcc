import { mkdtempSync, readFileSync, readdirSync, rmSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import SqliteDatabase from 'better-sqlite3';
import { expect } from 'chai';
import { openDatabase } from '../../src/archive/index.ts';

const migrations = path.join(import.meta.dirname, '..', '..', 'src', 'archive', 'migrations');

describe('an index of the version before aborted associations were told apart', () => {
  const folder = mkdtempSync(path.join(os.tmpdir(), 'willis-migrations-'));
  after(() => rmSync(folder, { recursive: true, force: true }));

  it('keeps its associations and takes the new ending', async () => {
    const file = path.join(folder, 'index.sqlite');
    const before = readdirSync(migrations)
      .sort()
      .filter((name) => name < '070');
    const old = new SqliteDatabase(file);
    for (const name of before) old.exec(readFileSync(path.join(migrations, name), 'utf8'));
    old.pragma(`user_version = ${before.length}`);
    const row = { series_instance_uid: '1.2', association: 'old', began_at: 1, ended_at: 2 };
    old.exec("INSERT INTO carrier VALUES ('1.2', 'old', 1, 'cut-off', 2)");
    old.close();
    const database = openDatabase(file, 'none');
    const aborted = { ...row, association: 'new', ending: 'aborted' as const };
    await database.insertInto('carrier').values(aborted).execute();
    const rows = await database.selectFrom('carrier').selectAll().orderBy('association').execute();
    await database.destroy();
    expect(rows).to.deep.equal([aborted, { ...row, ending: 'cut-off' }]);
  });
});
