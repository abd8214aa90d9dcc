import { mkdtempSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { expect } from 'chai';
import { sendFiles } from '../support/study.ts';
import { sampleFiles } from '../support/sample.ts';
import { untilTrue } from '../support/node-process.ts';
import { startWebNode, type WebClient, type WebNode } from '../support/web-node.ts';

interface Seen {
  readonly sha256: string;
  readonly fault: string | null;
  readonly value: {
    readonly destinations?: readonly { readonly name: string }[];
    readonly rules?: unknown;
  } | null;
  readonly restartNeeded: readonly string[];
}

describe('web settings', function () {
  this.timeout(60_000);
  const folder = mkdtempSync(path.join(os.tmpdir(), 'willis-settings-'));
  let web: WebNode;
  let admin: WebClient;
  before(async () => {
    web = await startWebNode(folder);
    admin = await web.setUpAdmin();
  });
  after(async () => {
    await web[Symbol.asyncDispose]();
    rmSync(folder, { recursive: true, force: true });
  });

  const seen = async (): Promise<Seen> => await admin.get<Seen>('/api/settings');
  const saveDestination = async (
    name: string,
    settingsSha256: string,
    more: object = {},
  ): Promise<number> => {
    const destination = { name, aeTitle: 'PACS', host: '127.0.0.1', port: 11_113, ...more };
    return (
      await admin.request('PUT', `/api/destinations/${name}`, { body: { settingsSha256, destination } })
    ).status;
  };
  const file = (): { destinations?: { name: string }[] } =>
    JSON.parse(readFileSync(web.configFile, 'utf8')) as { destinations?: { name: string }[] };

  it('writes what the page changes into the file, and the shipped rule sends there at once', async () => {
    const { sha256 } = await seen();
    expect(await saveDestination('pacs', sha256)).to.equal(204);
    expect(file().destinations!.map(({ name }) => name)).to.deep.equal(['pacs']);
    const { rules } = await admin.get<{ rules: { sendTo: string[] }[] }>('/api/rules');
    expect(rules[0]!.sendTo).to.deep.equal(['pacs']);
    expect((await seen()).restartNeeded).to.deep.equal([]);
  });

  it('refuses a change made on an older configuration than the one that lies there', async () => {
    const { sha256 } = await seen();
    expect(await saveDestination('second', sha256)).to.equal(204);
    expect(await saveDestination('third', sha256)).to.equal(409);
    expect(file().destinations!.map(({ name }) => name)).to.deep.equal(['pacs', 'second']);
  });

  it('refuses what is not valid, or what no bundle can run, and leaves the file as it was', async () => {
    const before = readFileSync(web.configFile, 'utf8');
    const { sha256 } = await seen();
    expect(await saveDestination('third', sha256, { prot: 1 })).to.equal(422);
    const save = async (rule: object): Promise<string> => {
      const rules = [{ name: 'x', when: {}, sendTo: [], ...rule }];
      const answer = await admin.request('PUT', '/api/rules', { body: { settingsSha256: sha256, rules } });
      expect(answer.status).to.equal(422);
      return answer.text;
    };
    expect(await save({ pipeline: 'no-such-pipeline' })).to.contain('CONFIG_INVALID');
    const bundle = 'tof-patch@9.9.9';
    expect(await save({ pipeline: 'tof-patch', bundle })).to.contain('BUNDLE_MISSING');
    expect(readFileSync(web.configFile, 'utf8')).to.equal(before);
  });

  it('takes a change by hand over, and a page that had not seen it is told', async () => {
    const { sha256, value } = await seen();
    writeFileSync(
      web.configFile,
      JSON.stringify({ ...value, destinations: value!.destinations!.slice(0, 1) }),
    );
    expect(await saveDestination('third', sha256)).to.equal(409);
    const inForce = async (): Promise<number> =>
      (await admin.get<{ destinations: unknown[] }>('/api/devices')).destinations.length;
    await untilTrue(
      async () => (await inForce()) === 1,
      10_000,
      () => 'the change by hand did not come into force',
    );
    expect((await seen()).value!.destinations).to.have.length(1);
  });

  it('goes on with the last valid configuration when a hand breaks the file, says so, and is mended by an earlier version', async () => {
    writeFileSync(web.configFile, '{ "destinations": [ }');
    await untilTrue(
      async () => (await seen()).fault !== null,
      10_000,
      () => 'the fault was not noticed',
    );
    expect((await admin.get<{ destinations: unknown[] }>('/api/devices')).destinations).to.have.length(1);
    expect((await admin.get<{ settingsFault: string }>('/api/overview')).settingsFault).to.match(
      /is not JSON/,
    );
    expect(await saveDestination('third', (await seen()).sha256)).to.equal(422);
    const [newest] = await admin.get<{ id: string; who: string }[]>('/api/settings/history');
    const body = { settingsSha256: (await seen()).sha256 };
    expect(
      (await admin.request('POST', `/api/settings/history/${newest!.id}/restore`, { body })).status,
    ).to.equal(204);
    expect((await seen()).fault).to.equal(null);
    expect(file().destinations!.map(({ name }) => name)).to.deep.equal(['pacs', 'second']);
  });

  it('keeps who changed what, and no half-written file', async () => {
    const history = await admin.get<{ who: string; why: string }[]>('/api/settings/history');
    expect(history.map(({ why }) => why))
      .to.include('destination saved: pacs')
      .and.include('the file was edited');
    const audit = await admin.get<{ who: string; action: string; object: string }[]>('/api/audit');
    expect(audit).to.deep.include.members([
      { ...audit.find(({ action }) => action === 'destination saved')!, who: 'Admin', object: 'second' },
    ]);
    expect(readdirSync(path.dirname(web.configFile)).filter((name) => name.endsWith('.draft'))).to.deep.equal(
      [],
    );
  });

  it('says which changes wait for a restart', async () => {
    const { sha256, value } = await seen();
    const body = { settingsSha256: sha256, value: { ...value, series: { quietPeriodSeconds: 77 } } };
    expect((await admin.request('PUT', '/api/settings', { body })).status).to.equal(204);
    expect((await seen()).restartNeeded).to.deep.equal(['series']);
  });

  it('lets an unknown caller in as soon as it is added', async () => {
    const caller = { aeTitle: 'MR1' };
    const add = async (body: object): Promise<number> =>
      (await admin.request('POST', '/api/callers', { body })).status;
    expect(await add({ settingsSha256: (await seen()).sha256, caller })).to.equal(204);
    const one = sampleFiles().slice(0, 1);
    const refused = await sendFiles(one, web.node.dicomPort, 'CT7').catch((error: unknown) => String(error));
    expect(refused).to.match(/does not know our AE title/);
    type Devices = { strangers: { aeTitle: string; calls: number; why: string }[] };
    const { strangers } = await admin.get<Devices>('/api/devices');
    expect(strangers).to.have.length(1);
    expect(strangers[0]).to.deep.include({ aeTitle: 'CT7', calls: 1 });
    expect(
      await add({ settingsSha256: (await seen()).sha256, caller: { aeTitle: 'CT7', host: '127.0.0.1' } }),
    ).to.equal(204);
    const [outcome] = await sendFiles(one, web.node.dicomPort, 'CT7');
    expect(outcome!.kind).to.equal('stored');
    expect((await admin.get<Devices>('/api/devices')).strangers).to.deep.equal([]);
  });
});
