import { mkdirSync, mkdtempSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { expect } from 'chai';
import type { Quarantined, SeriesDetail, StudyPage } from '../../src/web/contract.ts';
import { untilTrue } from '../support/node-process.ts';
import { sampleFiles } from '../support/sample.ts';
import { sendFiles } from '../support/study.ts';
import { startWebNode, type WebClient, type WebNode } from '../support/web-node.ts';

describe('quarantine', function () {
  this.timeout(90_000);
  const folder = mkdtempSync(path.join(os.tmpdir(), 'willis-quarantine-'));
  let web: WebNode;
  let admin: WebClient;
  let reader: WebClient;
  /** Too few for an analysis: what is reported then is quick, and a result all the same. */
  const originals = sampleFiles().slice(0, 5);

  before(async () => {
    web = await startWebNode(folder);
    admin = await web.setUpAdmin();
    reader = await web.addReader(admin);
    await sendFiles(originals, web.node.dicomPort, 'MR1');
    await analyses(1);
  });
  after(async () => {
    await web[Symbol.asyncDispose]();
    rmSync(folder, { recursive: true, force: true });
  });

  /** The same instances with another name of the patient, of the same length. */
  const renamed = (name: string, files = originals): readonly string[] => {
    const place = path.join(folder, name);
    mkdirSync(place);
    return files.map((file) => {
      const copy = path.join(place, path.basename(file));
      const text = readFileSync(file, 'latin1').replaceAll('Phantom^Willis', name.padEnd(14));
      writeFileSync(copy, text, 'latin1');
      return copy;
    });
  };
  const series = async (): Promise<SeriesDetail> => await admin.get<SeriesDetail>('/api/series/1');
  async function analyses(count: number): Promise<void> {
    await untilTrue(
      async () => {
        const { analyses: made } = await admin.get<Pick<SeriesDetail, 'analyses'>>('/api/series/1');
        return made.length === count;
      },
      40_000,
      () => `there are not ${count} analyses`,
    );
  }
  const waiting = async (client = admin): Promise<readonly Quarantined[]> =>
    await client.get<Quarantined[]>('/api/quarantine');
  const decide = async (decision: string, id = 1, client = admin): Promise<number> =>
    (await client.request('POST', `/api/quarantine/${id}`, { body: { decision } })).status;
  /** What lies in the archive, without the empty files that are kept ready for the next instance. */
  const stored = (): readonly string[] => {
    const place = path.join(folder, 'data', 'instances');
    return readdirSync(place, { recursive: true, encoding: 'utf8' })
      .filter((name) => name.endsWith('.dcm'))
      .map((name) => readFileSync(path.join(place, name), 'latin1'))
      .filter((text) => text !== '');
  };

  it('holds what came again with other content, and says what differs, but not how', async () => {
    expect(await waiting()).to.deep.equal([]);
    await sendFiles(renamed('First^Other').slice(0, 2), web.node.dicomPort, 'MR1');
    await sendFiles(originals, web.node.dicomPort, 'MR1');
    const [held, ...others] = await waiting(reader);
    expect(others).to.deep.equal([]);
    expect(held).to.deep.include({ seriesId: 1, copies: 2, caller: 'MR1', differs: ['PatientName'] });
    expect(held!.patientName).to.equal('Phantom^Willis');
    expect(stored()).to.have.length(7);
  });

  it('is shown though a file on the disk is damaged', async () => {
    const place = path.join(folder, 'data', 'instances');
    const names = readdirSync(place, { recursive: true, encoding: 'utf8' }).filter((one) =>
      one.endsWith('.dcm'),
    );
    const inputs = names.map((name) => path.join(place, name));
    const kept = inputs.map((file) => readFileSync(file));
    for (const [index, file] of inputs.entries()) writeFileSync(file, kept[index]!.subarray(0, 2000));
    expect(await waiting()).to.have.length(1);
    expect((await waiting())[0]).to.deep.include({ seriesId: 1, differs: null });
    for (const [index, file] of inputs.entries()) writeFileSync(file, kept[index]!);
  });

  it('is decided by administrators alone, and only where something waits', async () => {
    expect(await decide('release', 1, reader)).to.equal(403);
    expect(await decide('release', 4711)).to.equal(404);
    expect(await decide('eat')).to.equal(400);
    expect(await waiting()).to.have.length(1);
  });

  it('a rejected image is deleted, and the result stands', async () => {
    expect(await decide('reject')).to.equal(204);
    expect(await waiting()).to.deep.equal([]);
    expect(stored()).to.have.length(5);
    expect((await series()).analyses).to.have.length(1);
    expect(await decide('reject')).to.equal(404);
  });

  it('a released image takes the place of the first one, and the series is analysed as a new version', async () => {
    await sendFiles(renamed('Second^Other').slice(0, 3), web.node.dicomPort, 'MR1');
    await sendFiles(renamed('Third^Other').slice(0, 2), web.node.dicomPort, 'MR1');
    expect((await waiting())[0]).to.deep.include({ copies: 5 });
    expect(await decide('release')).to.equal(204);
    await analyses(2);
    expect(await waiting()).to.deep.equal([]);
    expect(stored()).to.have.length(5);
    const [newest, first] = (await series()).analyses;
    expect(newest).to.deep.include({ version: 2, supersedesId: first!.id, isNewest: true });
    expect(first).to.deep.include({ version: 1, isNewest: false });
    const [study] = (await admin.get<StudyPage>('/api/studies?search=third')).studies;
    expect(study?.patientName.trim()).to.equal('Third^Other');
    for (const [name, count] of [
      ['Third^Other', 2],
      ['Second^Other', 1],
      ['Phantom^Willis', 2],
    ] as const)
      expect(
        stored().filter((text) => text.includes(name)),
        name,
      ).to.have.length(count);
  });

  it('both decisions are in the audit list', async () => {
    const lines = await admin.get<{ action: string; object: string; detail: string }[]>('/api/audit');
    const told = lines
      .filter(({ action }) => action.startsWith('quarantine'))
      .map(({ action, object, detail }) => `${action}, ${object}, ${detail}`);
    expect(told).to.have.members([
      'quarantine: reject, series 1, 2 instances',
      'quarantine: release, series 1, 3 instances',
    ]);
  });
});
