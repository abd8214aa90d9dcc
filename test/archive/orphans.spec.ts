import {
  copyFileSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  rmSync,
  statSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { expect } from 'chai';
import { openDatabase, openFiles, settleOrphans, unindexedInstances } from '../../src/archive/index.ts';
import { Ingest, isWholeInstance } from '../../src/intake/index.ts';
import { sampleFiles } from '../support/sample.ts';
import { takeFile } from '../support/take.ts';

describe('instance files that the index does not name', () => {
  const folder = mkdtempSync(path.join(os.tmpdir(), 'willis-orphans-'));
  const files = openFiles(folder, () => new Date());
  before(() => mkdirSync(path.join(folder, 'instances')));
  after(() => rmSync(folder, { recursive: true, force: true }));

  const put = (from: string): string => {
    const file = files.allocateInstance();
    copyFileSync(from, file);
    return file;
  };

  it('are kept aside where they are whole, and come back with the index that names them; only the cut-off go', async () => {
    const [first = '', second = '', third = ''] = sampleFiles();
    const newest = path.join(folder, 'index.sqlite');
    let database = openDatabase(newest, 'none');
    const options = { quietPeriodMs: 0, now: () => 0, onConflict: (): void => undefined };
    const acknowledged = [put(first), put(second)];
    for (const file of acknowledged) await takeFile(new Ingest(database, files, options), file);
    const cut = put(third);
    truncateSync(cut, statSync(cut).size - 3000);
    const empty = files.allocateInstance();
    writeFileSync(empty, '');
    await database.destroy();

    database = openDatabase(path.join(folder, 'lost.sqlite'), 'none');
    const lost = await settleOrphans(database, files, isWholeInstance);
    expect(lost).to.deep.equal({ cutOff: 2, setAside: 2, returned: 0 });
    expect((await unindexedInstances(files)).count).to.equal(2);
    expect([...acknowledged, cut, empty].filter(existsSync)).to.deep.equal([]);
    await database.destroy();

    database = openDatabase(newest, 'none');
    const restored = await settleOrphans(database, files, isWholeInstance);
    expect(restored).to.deep.equal({ cutOff: 0, setAside: 0, returned: 2 });
    expect(acknowledged.filter(existsSync)).to.deep.equal(acknowledged);
    expect(await settleOrphans(database, files, isWholeInstance)).to.deep.equal({
      ...{ cutOff: 0, setAside: 0, returned: 0 },
    });
    await database.destroy();
  });
});
