import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { expect } from 'chai';
import fc from 'fast-check';
import { openDatabase, openFiles, type Database } from '../../src/archive/index.ts';
import { readInstanceHeader } from '../../src/dicom/index.ts';
import { Ingest } from '../../src/intake/index.ts';
import { sampleDatasets, sampleFiles, writeDatasets } from '../support/sample.ts';

describe('an object that was cut off inside Pixel Data', function () {
  this.timeout(60_000);
  const folder = mkdtempSync(path.join(os.tmpdir(), 'willis-cut-off-'));
  const files = openFiles(folder, () => new Date());
  let database: Database;
  let ingest: Ingest;
  let plain = '';

  before(async () => {
    mkdirSync(path.join(folder, 'instances'));
    database = openDatabase(path.join(folder, 'index.sqlite'), 'none');
    ingest = new Ingest(database, files, { quietPeriodMs: 0, now: () => 0, onConflict: () => undefined });
    const [slice] = await sampleDatasets();
    [plain = ''] = await writeDatasets([slice!], path.join(folder, 'plain'));
  });
  after(async () => {
    await database.destroy();
    rmSync(folder, { recursive: true, force: true });
  });

  /** What the intake says of the first `length` bytes; of them only `headBytes` of the data set are in memory. */
  const taken = async (bytes: Buffer, headBytes: number): Promise<string> => {
    const file = files.allocateInstance();
    writeFileSync(file, bytes);
    const { sopClassUid, sopInstanceUid, transferSyntaxUid } = readInstanceHeader(bytes);
    const datasetOffset = 144 + bytes.readUInt32LE(140);
    const head = bytes.subarray(datasetOffset, datasetOffset + headBytes);
    const uids = { sopClassUid, sopInstanceUid, transferSyntaxUid };
    return await ingest
      .take({ path: file, sizeBytes: bytes.length, ...uids, callingAeTitle: 'MR1', head, datasetOffset })
      .then(
        () => 'taken',
        (error: unknown) => (error as { code: string }).code,
      );
  };

  for (const [name, original] of [
    ['compressed', () => sampleFiles()[1]!],
    ['uncompressed', () => plain],
  ] as const)
    it(`is refused, ${name}, wherever it was cut; the whole one is taken`, async () => {
      const whole = readFileSync(original());
      // the delimiter of the last fragment may be missing
      const most = whole.length - 17;
      await fc.assert(
        fc.asyncProperty(
          fc.integer({ min: most - 8000, max: most }),
          fc.boolean(),
          async (length, inMemory) => {
            const headBytes = inMemory ? 65_536 : 4096;
            expect(await taken(whole.subarray(0, length), headBytes)).to.equal('INSTANCE_NOT_READABLE');
          },
        ),
        { numRuns: 40 },
      );
      expect(await taken(whole, 65_536)).to.equal('taken');
    });
});
