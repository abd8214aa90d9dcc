import { copyFileSync, mkdirSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import SqliteDatabase from 'better-sqlite3';
import { expect } from 'chai';
import { openDatabase, openFiles, type Database } from '../../src/archive/index.ts';
import { readInstance } from '../../src/dicom/index.ts';
import { Ingest } from '../../src/intake/index.ts';
import type { AssociationSummary, ReceiverPort } from '../../src/network/index.ts';
import { receiverPort } from '../../src/node-receiver.ts';
import { sampleFiles } from '../support/sample.ts';
import { untilTrue } from '../support/node-process.ts';

type Parts = Parameters<typeof receiverPort>[0];
type How = { association: string; ending: string | null };

describe('how an association ended', function () {
  this.timeout(20_000);
  const folder = mkdtempSync(path.join(os.tmpdir(), 'willis-endings-'));
  const files = openFiles(folder, () => new Date());
  const stopping = new AbortController();
  let index: string;
  let database: Database;
  let warnings: string[];
  let port: ReceiverPort;

  before(() => mkdirSync(path.join(folder, 'instances')));
  beforeEach(() => {
    index = path.join(mkdtempSync(path.join(folder, 'index-')), 'index.sqlite');
    database = openDatabase(index, 'none');
    warnings = [];
    const ingest = new Ingest(database, files, {
      ...{ quietPeriodMs: 1000, now: Date.now },
      onConflict: () => undefined,
    });
    port = receiverPort({
      ...{ aeTitle: 'WILLIS', database, files, ingest, stopping: stopping.signal },
      ...{ quietPeriodAfterReleaseMs: 1000, freeBytes: () => 1e9, minimumFreeBytes: 0 },
      runner: { wake: () => undefined },
      events: { log: { info: () => undefined, warn: (text: string) => warnings.push(text) } },
      watch: { arrived: () => undefined, closed: () => undefined },
    } as unknown as Parts);
  });
  afterEach(async () => await database.destroy());
  after(() => {
    stopping.abort();
    rmSync(folder, { recursive: true, force: true });
  });

  const bring = async (associationId: string): Promise<void> => {
    const file = files.allocateInstance();
    copyFileSync(sampleFiles()[0]!, file);
    const bytes = readFileSync(file);
    const { sopClassUid, sopInstanceUid, transferSyntaxUid } = readInstance(bytes);
    const datasetOffset = 144 + bytes.readUInt32LE(140);
    const status = await port.commit({
      ...{
        path: file,
        sizeBytes: bytes.length,
        sopClassUid,
        sopInstanceUid,
        transferSyntaxUid,
        associationId,
      },
      ...{
        callingAeTitle: 'MR1',
        moveOriginatorAeTitle: undefined,
        head: bytes.subarray(datasetOffset),
        datasetOffset,
      },
    });
    expect(status).to.equal(0);
  };
  const close = (
    id: string,
    ending: AssociationSummary['ending'],
    missing: AssociationSummary['missing'] = [],
  ): void =>
    port.associationClosed({ id, ending, missing, refused: 0, text: id } as unknown as AssociationSummary);
  const carriers = async (): Promise<How[]> =>
    await database.selectFrom('carrier').select(['association', 'ending']).orderBy('association').execute();

  it('is kept once the index takes it again', async () => {
    await bring('one');
    const other = new SqliteDatabase(index);
    other.exec('ALTER TABLE carrier RENAME TO away');
    close('one', 'released');
    await untilTrue(
      () => warnings.length === 1,
      5000,
      () => 'nobody was told',
    );
    expect(warnings[0]).to.match(/cannot be kept yet/);
    other.exec('ALTER TABLE away RENAME TO carrier');
    other.close();
    expect(await carriers()).to.deep.equal([{ association: 'one', ending: null }]);
    await untilTrue(
      async () => (await carriers()).length === 0,
      5000,
      () => 'it was not kept',
    );
    expect(warnings).to.have.length(1);
  });

  it('is told apart: only who aborts between two images, all of them kept, may have been done', async () => {
    const lost = [{ sopInstanceUid: '1.2.3', sopClassUid: '1.2.840' }];
    const ends: readonly (readonly [AssociationSummary['ending'], typeof lost, string])[] = [
      ['aborted', [], 'aborted'],
      ['aborted', lost, 'cut-off'],
      ['timed-out', [], 'silent'],
      ['timed-out', lost, 'cut-off'],
      ['stalled', [], 'cut-off'],
      ['disconnected', [], 'cut-off'],
      ['protocol-fault', [], 'cut-off'],
      ['shut-down', [], 'cut-off'],
    ];
    for (const [index, [ending, missing]] of ends.entries()) {
      await bring(`${index}`);
      close(`${index}`, ending, missing);
    }
    await untilTrue(
      async () => (await carriers()).every(({ ending }) => ending !== null),
      5000,
      () => 'they were not kept',
    );
    expect((await carriers()).map(({ ending }) => ending)).to.deep.equal(ends.map(([, , kept]) => kept));
  });
});
