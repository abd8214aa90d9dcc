import { spawnSync } from 'node:child_process';
import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { expect } from 'chai';
import type { AneurysmFinding, SeriesFindings } from '../../src/findings/index.ts';
import { sampleFiles } from '../support/sample.ts';
import { readReport } from '../support/study.ts';

const main = path.join(import.meta.dirname, '..', '..', 'src', 'main.ts');

describe('willis process', function () {
  this.timeout(120_000);
  const folder = mkdtempSync(path.join(os.tmpdir(), 'willis-process-'));
  after(() => rmSync(folder, { recursive: true, force: true }));

  const run = (...args: readonly string[]): { status: number | null; stdout: string; stderr: string } =>
    spawnSync(process.execPath, [main, 'process', ...args], { encoding: 'utf8' });

  it('makes the results that are asked for', () => {
    // three slices are no volume: what is made then is the report of that, in either dialect
    const files = sampleFiles().slice(0, 3);
    const out = path.join(folder, 'out');
    const wanted = ['--results', 'sr', 'sr-basic-text', 'seg'];
    const said = run(...files, '--out', out, '--pipeline', 'tof-patch', '--json', '-', ...wanted);
    expect(said.status, said.stderr).to.equal(0);
    const [findings] = JSON.parse(said.stdout) as readonly { state: string }[];
    expect(findings!.state).to.equal('not-analysed');
    const [series] = readdirSync(out);
    expect(readdirSync(path.join(out, series!)).sort()).to.deep.equal([
      'sr-0001.dcm',
      'sr-basic-text-0001.dcm',
    ]);
  });

  it('two pipelines on one series give one report that tells what each says of every finding', () => {
    const out = path.join(folder, 'both');
    const asked = ['--pipeline', 'tof-patch', '--also', 'tof-patch', '--json', '-', '--results', 'sr'];
    const said = run(...sampleFiles(), '--out', out, ...asked);
    expect(said.status, said.stderr).to.equal(0);
    const [series] = JSON.parse(said.stdout) as readonly SeriesFindings[];
    expect(series!.others!.map(({ pipeline, state }) => [pipeline, state])).to.deep.equal([
      ['tof-patch', 'findings'],
    ]);
    const comments = readReport(path.join(out, readdirSync(out)[0]!, 'sr-0001.dcm')).comments.join('\n');
    expect(comments).to.match(
      /Also read by tof-patch-phantom \S+: findings; it reports them from a probability of 0\.\d{3}\./,
    );
    for (const finding of series!.findings)
      expect((finding as AneurysmFinding).opinions!.map(({ probability }) => probability)).to.deep.equal([
        finding.probability,
        finding.probability,
      ]);
  });

  it('refuses a kind that it does not know, and names those it does', () => {
    const said = run(sampleFiles()[0]!, '--out', folder, '--results', 'hologram');
    expect(said.status).to.equal(2);
    expect(said.stderr)
      .to.match(/hologram/)
      .and.match(/parametric-map/);
  });
});
