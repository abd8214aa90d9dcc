import { mkdtempSync, rmSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { expect } from 'chai';
import { inOneGo, openDatabase, type Database } from '../../src/archive/index.ts';
import { rememberStudy } from '../../src/intake/index.ts';
import { listStudies } from '../../src/web/api/studies.ts';

const all = { search: '', state: undefined, after: undefined, limit: 50 };

describe('list of studies', () => {
  const folder = mkdtempSync(path.join(os.tmpdir(), 'willis-studies-'));
  let database: Database;
  before(async () => {
    database = openDatabase(path.join(folder, 'index.sqlite'), 'none');
    await inOneGo(database, (statements) => {
      // three studies each time, so that pages end between equal times
      for (let number = 0; number < 333; number += 1)
        rememberStudy(statements, `2.25.${number}`, study(number), Math.floor(number / 3));
    });
  });
  after(async () => {
    await database.destroy();
    rmSync(folder, { recursive: true, force: true });
  });

  function study(number: number): Parameters<typeof rememberStudy>[2] {
    return {
      patientName: number % 2 === 0 ? `Müller^Änne^${number}` : `DOE^JOHN^${number}`,
      patientId: `ID-${number}`,
      issuerOfPatientId: '',
      patientBirthDate: '19700101',
      patientSex: 'F',
      studyDate: '20260101',
      studyTime: '120000',
      accessionNumber: `ACC_${number}`,
      studyDescription: 'MR Head 50%',
      studyId: '1',
      referringPhysicianName: '',
    };
  }

  it('gives every study once, newest first, page by page', async () => {
    const seen: number[] = [];
    let after: string | undefined;
    do {
      const page = await listStudies({ database }, { ...all, after });
      seen.push(...page.studies.map(({ lastReceivedAt }) => lastReceivedAt));
      after = page.next ?? undefined;
    } while (after !== undefined);
    expect(seen).to.have.length(333);
    expect(seen).to.deep.equal([...seen].sort((a, b) => b - a));
  });

  const found = async (search: string): Promise<number> =>
    (await listStudies({ database }, { ...all, search, limit: 200 })).studies.length;

  it('finds by every word, in either case, anywhere', async () => {
    expect(await found('john doe')).to.equal(166);
    expect(await found('id-77')).to.equal(1);
    expect(await found('acc_77')).to.equal(1);
    expect(await found('doe müller')).to.equal(0);
    expect(await found('Müller änne 4')).to.be.greaterThan(10);
  });

  it('takes the letters of a pattern for letters', async () => {
    expect(await found('50%')).to.equal(200);
    expect(await found('5%')).to.equal(0);
    expect(await found('head%_')).to.equal(0);
  });
});
