import {
  copyFileSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  readdirSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { expect } from 'chai';
import { openDatabase, openFiles, type Database } from '../../src/archive/index.ts';
import { Ingest, releaseCopies } from '../../src/intake/index.ts';
import { sampleFiles } from '../support/sample.ts';
import { takeFile } from '../support/take.ts';

describe('objects that come again with other bytes', () => {
  const folder = mkdtempSync(path.join(os.tmpdir(), 'willis-copies-'));
  const files = openFiles(folder, () => new Date());
  const [original = ''] = sampleFiles();
  const rule = { name: 'MR', when: { modality: 'MR' }, pipeline: 'tof-patch', sendTo: [] };
  let clock = 1000;
  const now = (): number => clock;
  let database: Database;
  let ingest: Ingest;
  let conflicts = 0;

  before(() => mkdirSync(path.join(folder, 'instances')));
  beforeEach(() => {
    conflicts = 0;
    database = openDatabase(path.join(mkdtempSync(path.join(folder, 'index-')), 'index.sqlite'), 'none');
    const onConflict = (): void => void (conflicts += 1);
    ingest = new Ingest(database, files, { quietPeriodMs: 0, now, onConflict });
  });
  afterEach(async () => await database.destroy());
  after(() => rmSync(folder, { recursive: true, force: true }));

  /** The first image of the sample, its patient renamed to a name of the same length. */
  const take = async (patientName: string, origin: 'routed' | 'prior' = 'routed'): Promise<void> => {
    const file = files.allocateInstance();
    copyFileSync(original, file);
    writeFileSync(file, readFileSync(file, 'latin1').replace('Phantom^Willis', patientName), 'latin1');
    clock += 1;
    await takeFile(ingest, file, origin);
  };
  const stored = (): number =>
    readdirSync(path.join(folder, 'instances'), { recursive: true }).filter((name) =>
      String(name).endsWith('.dcm'),
    ).length;

  it('are kept once each, however often a sender repeats them', async () => {
    const before = stored();
    for (const name of ['Phantom^Willis', 'Phantom^Wilhis', 'Phantom^Wilhis', 'Phantom^Wilhes'])
      await take(name);
    for (const name of ['Phantom^Wilhis', 'Phantom^Willis', 'Phantom^Wilhes']) await take(name);
    const copies = await database.selectFrom('instance_copy').selectAll().execute();
    expect([copies.length, conflicts, stored() - before]).to.deep.equal([2, 2, 3]);
  });

  it('of an earlier study that was fetched for comparison are taken, and it is still not analysed', async () => {
    await take('Phantom^Willis', 'prior');
    await take('Phantom^Wilhis', 'prior');
    const { id } = await database.selectFrom('series').select('id').executeTakeFirstOrThrow();
    await releaseCopies({ database, files, rules: [rule], now }, id, async () => await Promise.resolve());
    const series = await database.selectFrom('series').selectAll().executeTakeFirstOrThrow();
    expect(series).to.deep.include({ state: 'not-analysed', reason_code: 'PRIOR_STUDY' });
    expect(await database.selectFrom('job').selectAll().execute()).to.deep.equal([]);
    expect(await database.selectFrom('instance_copy').selectAll().execute()).to.deep.equal([]);
  });
});
