import { mkdtempSync, rmSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { expect } from 'chai';
import { findEarlier } from '../../src/analysis/earlier.ts';
import { openDatabase, type Database } from '../../src/archive/index.ts';
import { archive, type Archived } from '../support/archived.ts';

describe('the earlier series that a result is compared with', () => {
  const folder = mkdtempSync(path.join(os.tmpdir(), 'willis-earlier-'));
  const reader = {
    ...{ pipeline: 'tof-patch', bundleSha256: 'b'.repeat(64) },
    rule: { name: 'TOF', pipeline: 'tof-patch', sendTo: [], when: { modality: 'MR', slices: { min: 30 } } },
  };
  const current = { id: 1, studyDate: '20260501', state: 'queued' } as const;
  let database: Database;
  let file = 0;
  beforeEach(() => {
    database = openDatabase(path.join(folder, `${(file += 1)}.sqlite`));
  });
  afterEach(async () => await database.destroy());
  after(() => rmSync(folder, { recursive: true, force: true }));

  async function found(...series: readonly Archived[]): Promise<string | undefined> {
    for (const one of series) await archive(database, one);
    return (await findEarlier(database, 1, reader))?.prior.seriesInstanceUid;
  }

  it('is the newest before this study, of one study the one with most images', async () => {
    const newest = { studyDate: '20260101' };
    const series = [
      { id: 2, studyDate: '20250101' },
      { id: 3, ...newest, slices: 31 },
      { id: 4, ...newest },
    ];
    expect(await found(current, ...series, { id: 5, studyDate: '20260502' })).to.equal('2.25.4.1');
  });

  const others: readonly (readonly [string, Partial<Archived>])[] = [
    ['another Patient ID', { patientId: 'P2' }],
    ['the same ID of another issuer', { issuer: 'OTHER HOSPITAL' }],
    ['another birth date', { birthDate: '19700102' }],
    ['another modality', { modality: 'CT' }],
    ['the same day', { studyDate: '20260501' }],
    ['no date', { studyDate: '' }],
    ['images that still come', { state: 'receiving' }],
    ['too few images for the rule', { slices: 20 }],
  ];
  for (const [what, changes] of others)
    it(`is none with ${what}`, async () => {
      const one = { id: 2, studyDate: '20260101', ...changes };
      expect(await found({ ...current, birthDate: '19700101' }, one)).to.equal(undefined);
    });

  it('may have been fetched; while more is being fetched, only what came before is whole', async () => {
    expect(await found(current, { id: 2, studyDate: '20260101', fetchedAt: 50 })).to.equal('2.25.2.1');
    expect((await findEarlier(database, 1, { ...reader, fetchingSince: 60 }))?.known).to.equal(null);
    expect(await findEarlier(database, 1, { ...reader, fetchingSince: 50 })).to.equal(null);
  });

  it('is none where the patient has no ID', async () => {
    const nobody = { patientId: '' };
    expect(await found({ ...current, ...nobody }, { id: 2, studyDate: '20260101', ...nobody })).to.equal(
      undefined,
    );
  });

  it('brings its findings where the same bundle made them, and its report where a PACS has it', async () => {
    await found(current, { id: 2, studyDate: '20260101' });
    await analysed(reader.bundleSha256);
    const told = await findEarlier(database, 1, reader);
    expect(told).to.deep.include({ known: { state: 'no-findings' } });
    expect(told?.prior.report).to.equal(null);
    await database
      .insertInto('delivered')
      .values({ result_id: 1, destination: 'pacs', status: 0, delivered_at: 0 })
      .execute();
    const delivered = await findEarlier(database, 1, reader);
    expect(delivered?.prior.report).to.deep.equal({
      ...{ sopClassUid: '1.2', sopInstanceUid: '2.25.77', seriesInstanceUid: '2.25.78' },
    });
    const other = await findEarlier(database, 1, { ...reader, bundleSha256: 'c'.repeat(64) });
    expect(other).to.deep.include({ known: null });
    expect(other?.prior.report).to.equal(null);
  });

  async function analysed(bundleSha256: string): Promise<void> {
    await database
      .insertInto('analysis')
      .values({
        ...{ series_id: 2, rule: 'TOF', pipeline: 'tof-patch', bundle_sha256: bundleSha256, version: 1 },
        ...{ input_sha256: 'i', supersedes_id: null, state: 'no-findings', folder: 'f', finished_at: 0 },
        findings: JSON.stringify({ state: 'no-findings' }),
      })
      .execute();
    await database
      .insertInto('result')
      .values({
        ...{ analysis_id: 1, kind: 'sr', ordinal: 1, sop_class_uid: '1.2', sop_instance_uid: '2.25.77' },
        ...{ series_instance_uid: '2.25.78', transfer_syntax_uid: '1.2.840.10008.1.2.1', path: 'f/sr' },
      })
      .execute();
  }
});
