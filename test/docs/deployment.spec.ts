import { execFileSync, spawn } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { expect } from 'chai';
import { parseConfig } from '../../src/config/index.ts';
import { openMetrics } from '../../src/operations/metrics.ts';
import { canConnect, freePort, untilTrue } from '../support/node-process.ts';

const root = path.join(import.meta.dirname, '..', '..');
const text = (file: string): string => readFileSync(path.join(root, file), 'utf8');

describe('deployment files', () => {
  for (const name of ['willis.json', 'willis.cuda.json', 'willis.demo.json'])
    it(`docker/${name} is a sound configuration that listens beyond the container`, () => {
      const config = parseConfig(JSON.parse(text(`docker/${name}`)), name);
      expect(config.web.host).to.equal('0.0.0.0');
    });

  it('the dashboard asks for metrics that the node has, and no other', async () => {
    const metrics = openMetrics();
    metrics.watch(async () => await Promise.resolve({ diskFreeBytes: 1, jobs: [] }));
    const known = new Set([...(await metrics.text()).matchAll(/^# TYPE (\S+)/gm)].map(([, name]) => name!));
    const asked = [...text('docker/grafana-dashboard.json').matchAll(/(?:willis|process)_[a-z_]+/g)].map(
      ([name]) => name.replace(/_bucket$/, ''),
    );
    expect(asked.length).to.be.greaterThan(8);
    for (const name of asked) expect(known.has(name), name).to.equal(true);
  });

  for (const file of ['docker/Dockerfile', 'docker/Dockerfile.cuda'])
    it(`${file} runs as an ordinary user, is asked for its health, and copies what exists`, () => {
      const lines = text(file).split('\n');
      const user = lines.findLast((line) => line.startsWith('USER '));
      expect(user).to.match(/^USER [1-9]\d+:\d+$/);
      expect(lines.some((line) => line.startsWith('HEALTHCHECK '))).to.equal(true);
      const local = lines.filter((line) => /^COPY (?!--from)/.test(line) && !line.includes('COPY . .'));
      for (const line of local)
        for (const source of line
          .split(/\s+/)
          .slice(1, -1)
          .filter((word) => !word.startsWith('--')))
          expect(() => text(source), `${line}: ${source}`).to.not.throw();
    });

  it('what the image holds is enough to start with the shipped rules', async function () {
    this.timeout(60_000);
    const app = mkdtempSync(path.join(os.tmpdir(), 'willis-image-'));
    const copied = [...text('docker/Dockerfile').matchAll(/^COPY --from=build \/app\/(\S+) /gm)].map(
      ([, at]) => at!,
    );
    // dist is built there, and the packages are npm's
    for (const at of copied.filter((one) => one !== 'dist' && one !== 'node_modules')) {
      mkdirSync(path.dirname(path.join(app, at)), { recursive: true });
      execFileSync('cp', ['-r', path.join(root, at), path.join(app, at)]);
    }
    rmSync(path.join(app, 'models', 'training'), { recursive: true });
    symlinkSync(path.join(root, 'node_modules'), path.join(app, 'node_modules'));
    const port = await freePort();
    const config = { node: { dataDir: path.join(app, 'data') }, dicom: { port }, web: { enabled: false } };
    writeFileSync(path.join(app, 'willis.json'), JSON.stringify(config));
    const node = spawn(process.execPath, ['bin/willis.js', 'serve', '--config', 'willis.json'], { cwd: app });
    let log = '';
    node.stderr.on('data', (chunk: Buffer) => (log += chunk.toString()));
    try {
      await untilTrue(
        () => canConnect(port),
        20_000,
        () => log,
      );
    } finally {
      node.kill();
      rmSync(app, { recursive: true });
    }
  });
});
