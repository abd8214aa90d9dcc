import {
  cpSync,
  existsSync,
  mkdtempSync,
  readFileSync,
  readdirSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import http from 'node:http';
import net, { type AddressInfo } from 'node:net';
import os from 'node:os';
import path from 'node:path';
import SqliteDatabase from 'better-sqlite3';
import { expect } from 'chai';
import type { Bundle, Operations, Overview, SeriesDetail } from '../../src/web/contract.ts';
import { shippedBundles } from '../../src/node.ts';
import { untilTrue } from '../support/node-process.ts';
import { sampleFiles } from '../support/sample.ts';
import { sendFiles } from '../support/study.ts';
import { startWebNode, type WebClient, type WebNode } from '../support/web-node.ts';

/** Frames of RFC 5425: length, space, message. */
function messagesIn(bytes: Buffer): string[] {
  const messages: string[] = [];
  let at = 0;
  while (at < bytes.length) {
    const space = bytes.indexOf(' ', at);
    const length = Number(bytes.subarray(at, space).toString());
    messages.push(bytes.subarray(space + 1, space + 1 + length).toString('utf8'));
    at = space + 1 + length;
  }
  return messages;
}

describe('operations', function () {
  this.timeout(120_000);
  const folder = mkdtempSync(path.join(os.tmpdir(), 'willis-operations-'));
  const backups = path.join(folder, 'backups');
  const bundlesDir = path.join(folder, 'bundles');
  const audited: string[] = [];
  const alerts: { kind: string; text: string }[] = [];
  const mails: string[] = [];
  const collector = net.createServer((socket) => {
    const chunks: Buffer[] = [];
    socket.on('data', (chunk: Buffer) => chunks.push(chunk));
    socket.on('end', () => {
      audited.push(...messagesIn(Buffer.concat(chunks)));
      socket.end();
    });
  });
  const hook = http.createServer((request, response) => {
    let text = '';
    request.on('data', (chunk: Buffer) => (text += chunk.toString()));
    request.on('end', () => {
      alerts.push(JSON.parse(text) as { kind: string; text: string });
      response.end();
    });
  });
  const mailServer = net.createServer((socket) => speakSmtp(socket, mails));
  let web: WebNode;
  let admin: WebClient;

  const listening = async (server: net.Server): Promise<number> => {
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    return (server.address() as AddressInfo).port;
  };

  before(async () => {
    cpSync(path.join(shippedBundles, 'tof-patch'), path.join(bundlesDir, 'tof-patch'), { recursive: true });
    web = await startWebNode(folder, {
      inference: { bundlesDir },
      rules: [
        {
          name: 'TOF in shadow',
          when: { modality: 'MR' },
          pipeline: 'tof-patch',
          sendTo: ['nowhere'],
          shadow: true,
        },
      ],
      destinations: [{ name: 'nowhere', aeTitle: 'GONE', host: '127.0.0.1', port: 9 }],
      operations: {
        retention: { maxAgeDays: 30 },
        backup: { folder: backups, keep: 2 },
        audit: { host: '127.0.0.1', port: await listening(collector) },
        alerts: {
          webhook: { webhookUrl: `http://127.0.0.1:${await listening(hook)}/alert` },
          email: {
            host: '127.0.0.1',
            port: await listening(mailServer),
            from: 'willis@a.example',
            to: ['pacs@a.example'],
          },
        },
      },
    });
    admin = await web.setUpAdmin();
    await sendFiles(sampleFiles(), web.node.dicomPort, 'MR1');
  });
  after(async () => {
    await web[Symbol.asyncDispose]();
    for (const server of [collector, hook, mailServer]) server.close();
    rmSync(folder, { recursive: true, force: true });
  });

  /** As if everything had come so many days earlier. */
  const age = (days: number): void => {
    const index = new SqliteDatabase(path.join(folder, 'data', 'index.sqlite'));
    for (const table of ['series', 'study'])
      index.prepare(`update ${table} set last_received_at = last_received_at - ?`).run(days * 86_400_000);
    index.close();
  };
  const run = async (name: string): Promise<Operations['tasks'][number]['runs'][number]> => {
    const runs = async (): Promise<Operations['tasks'][number]['runs']> =>
      (await admin.get<Operations>('/api/operations')).tasks.find((task) => task.name === name)!.runs;
    const before = (await runs()).length;
    expect((await admin.request('POST', `/api/operations/${name}/run`)).status).to.equal(202);
    await untilTrue(
      async () => (await runs()).length > before,
      60_000,
      () => `${name} did not end`,
    );
    return (await runs())[0]!;
  };

  it('a rule in shadow mode analyses and shows, and sends nothing', async () => {
    const state = async (): Promise<string> => (await admin.get<SeriesDetail>('/api/series/1')).state;
    await untilTrue(
      async () => (await state()) === 'findings',
      60_000,
      () => 'not analysed',
    );
    const { jobs } = await admin.get<Overview>('/api/overview');
    expect(jobs.map(({ kind }) => kind)).to.not.include('deliver:nowhere');
    expect((await admin.get<SeriesDetail>('/api/series/1')).path.map(({ stage }) => stage)).to.not.include(
      'delivered',
    );
  });

  it('audit messages tell the collector who signed in and how many instances came from whom', async () => {
    const transferred = (): string[] => audited.filter((text) => text.includes('csd-code="110104"'));
    await untilTrue(
      () => transferred().length > 0,
      20_000,
      () => `only ${audited.length} messages`,
    );
    expect(transferred()[0])
      .to.match(/^<85>1 \d{4}-\S+Z \S+ WILLIS \d+ DICOM\+RFC3881 - \uFEFF<\?xml/)
      .and.contain('UserID="MR1"')
      .and.contain('NumberOfInstances="90"');
    await untilTrue(
      () => audited.some((text) => text.includes('csd-code="110120"')),
      10_000,
      () => 'the start was not told',
    );
    await admin.login('Admin', 'a wrong password');
    await untilTrue(
      () =>
        audited.some(
          (text) => text.includes('csd-code="110114"') && text.includes('EventOutcomeIndicator="8"'),
        ),
      10_000,
      () => 'the refused login was not told',
    );
  });

  it('the self-test finds what the phantom holds, keeps a baseline, and agrees with it the next time', async () => {
    expect(await run('selfTest')).to.deep.include({ outcome: 'success' });
    const second = await run('selfTest');
    expect(second.outcome).to.equal('success');
    expect(second.detail).to.match(/as on \d{4}-/);
  });

  it('a self-test that differs from its baseline fails, and people are told by webhook and mail', async () => {
    const index = new SqliteDatabase(path.join(folder, 'data', 'index.sqlite'));
    index.exec(
      "update self_test_baseline set findings = json_set(findings, '$.findings[0].probability', 0.5)",
    );
    index.close();
    const failed = await run('selfTest');
    expect(failed.outcome).to.equal('failure');
    expect(failed.detail).to.match(/SELF_TEST_FAILED.*finding 1 had the probability 0\.5000/);
    await untilTrue(
      () => alerts.length > 0 && mails.length > 0,
      20_000,
      () => 'nobody was told',
    );
    expect(alerts[0]).to.deep.include({ kind: 'selfTest failed' });
    expect(mails[0]).to.match(/Subject: Willis WILLIS: selfTest failed/);
    await run('selfTest');
    expect(alerts.filter(({ kind }) => kind === 'selfTest failed')).to.have.length(1);
  });

  it('a self-test whose golden vectors come out otherwise fails', async () => {
    const file = path.join(bundlesDir, 'tof-patch', 'golden', 'golden.json');
    const before = readFileSync(file, 'utf8');
    const golden = JSON.parse(before) as { candidates: { probability: number }[] };
    golden.candidates[0]!.probability -= 0.01;
    writeFileSync(file, JSON.stringify(golden));
    const failed = await run('selfTest');
    writeFileSync(file, before);
    expect(failed.outcome).to.equal('failure');
    expect(failed.detail).to.match(/tof-patch-phantom [\d.]+: .* golden vectors is 0\.0\d+ away/);
  });

  it('a backup holds a sound index and only so many are kept', async () => {
    for (let night = 0; night < 3; night += 1) {
      expect(await run('backup')).to.deep.include({ outcome: 'success' });
    }
    const kept = readdirSync(backups).sort();
    expect(kept).to.have.length(2);
    const copy = new SqliteDatabase(path.join(backups, kept[1]!, 'index.sqlite'), { readonly: true });
    expect(copy.prepare('select count(*) as n from instance').get()).to.deep.equal({ n: 90 });
    copy.close();
  });

  it('daily scores show what a bundle says from day to day', async () => {
    const [bundle] = (await admin.get<Bundle[]>('/api/bundles')).filter(
      ({ pipeline }) => pipeline === 'tof-patch',
    );
    expect(bundle!.drift).to.have.length(1);
    expect(bundle!.drift[0]).to.deep.include({ scans: 1, withFindings: 1 });
  });

  it('retention deletes a study that is old, rows and files, keeps its readings, and takes it again when it comes', async () => {
    const body = { about: 'finding', finding: 1, opinion: 'disagree', comment: 'loop' };
    expect((await admin.request('PUT', '/api/analyses/1/readings', { body })).status).to.equal(204);
    expect((await run('retention')).detail).to.equal('0 studies deleted');
    age(31);
    expect((await run('retention')).detail).to.equal('1 studies deleted');
    const files = (): string[] =>
      readdirSync(path.join(folder, 'data'), { recursive: true, encoding: 'utf8' }).filter(
        // an empty one is kept ready for the next instance
        (name) => name.endsWith('.dcm') && statSync(path.join(folder, 'data', name)).size > 0,
      );
    expect(files()).to.deep.equal([]);
    expect((await admin.request('GET', '/api/series/1')).status).to.equal(404);
    const [reading] = await admin.get<{ comment: string }[]>('/api/readings');
    expect(reading!.comment).to.equal('loop');
    await untilTrue(
      () => audited.some((text) => text.includes('csd-code="110105"')),
      20_000,
      () => 'the deletion was not told',
    );
    const outcomes = await sendFiles(sampleFiles(), web.node.dicomPort, 'MR1');
    expect(outcomes.every(({ kind }) => kind === 'stored')).to.equal(true);
    expect(files()).to.have.length(90);
  });

  it('retention leaves a study whose results still wait for a destination', async () => {
    const index = new SqliteDatabase(path.join(folder, 'data', 'index.sqlite'));
    const analysed = (): number =>
      (index.prepare("select count(*) as n from analysis where state = 'findings'").get() as { n: number }).n;
    await untilTrue(
      () => analysed() === 1,
      60_000,
      () => 'not analysed again',
    );
    const { id } = index.prepare('select id from analysis').get() as { id: number };
    index
      .prepare(
        "insert into job (kind, queue, key, payload, due_at, created_at, state, finished_at) values ('deliver:nowhere', 'deliver:nowhere', ?, ?, 0, 0, 'dead', 1)",
      )
      .run(`deliver:nowhere:${id}`, JSON.stringify({ analysisId: id, destination: 'nowhere' }));
    index.close();
    age(31);
    expect((await run('retention')).detail).to.equal('0 studies deleted');
    expect(existsSync(path.join(folder, 'data', 'results'))).to.equal(true);
    expect(readFileSync(path.join(folder, 'data', 'index.sqlite')).length).to.be.greaterThan(0);
  });
});

/** As much SMTP (RFC 5321) as a mail needs. */
function speakSmtp(socket: net.Socket, mails: string[]): void {
  let data: string | null = null;
  socket.write('220 test\r\n');
  socket.on('data', (chunk: Buffer) => {
    for (const line of chunk.toString().split('\r\n').slice(0, -1)) {
      if (data !== null) {
        if (line === '.') {
          mails.push(data);
          data = null;
          socket.write('250 taken\r\n');
        } else data += `${line}\n`;
      } else if (line === 'DATA') {
        data = '';
        socket.write('354 go on\r\n');
      } else if (line === 'QUIT') socket.end('221 bye\r\n');
      else socket.write('250 fine\r\n');
    }
  });
  socket.on('error', () => socket.destroy());
}
