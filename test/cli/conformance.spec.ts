import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { expect } from 'chai';
import { openAnalysisWorker, type SeriesTask } from '../../src/analysis/index.ts';
import { conformanceStatement } from '../../src/cli/statement/index.ts';
import { resultObjects } from '../../src/cli/statement/objects.ts';
import { defaultFallbacks, resultKinds } from '../../src/config/destinations.ts';
import { shippedBundles } from '../../src/node.ts';
import { softwareVersion } from '../../src/version.ts';
import { sampleFiles } from '../support/sample.ts';

const root = path.join(import.meta.dirname, '..', '..');

describe('conformance statement', () => {
  const statement = conformanceStatement(softwareVersion);

  it('in conformance/statement.md is what "willis conformance" prints', () => {
    const committed = readFileSync(path.join(root, 'conformance', 'statement.md'), 'utf8');
    expect(committed, 'run: npx willis conformance > conformance/statement.md').to.equal(statement);
  });

  it('names every kind of result with its SOP Class and its default fallback', () => {
    for (const kind of resultKinds) {
      const row = statement.split('\n').find((line) => line.startsWith(`| ${kind} |`));
      expect(row, kind).to.match(/\| 1\.2\.840\.10008\.5\.1\.4\.1\.1\.[\d.]+ \|/);
      const instead = (defaultFallbacks as Readonly<Record<string, readonly string[]>>)[kind] ?? [];
      expect(row, kind).to.match(new RegExp(`\\| ${instead.join(', ') || '-'} \\|$`));
    }
  });

  it('tells the SOP Class that each result really has', async function () {
    this.timeout(120_000);
    const folder = mkdtempSync(path.join(os.tmpdir(), 'willis-statement-'));
    await using worker = openAnalysisWorker({ providers: ['cpu'], threads: 2 });
    const task = {
      ...{
        paths: sampleFiles(),
        pipeline: 'tof-patch',
        bundleFolder: path.join(shippedBundles, 'tof-patch'),
      },
      ...{ reason: null, inputSha256: '00', version: 1, supersedes: null, completeness: 'all' },
      ...{ kinds: resultKinds as unknown as SeriesTask['kinds'], folder: path.join(folder, 'results') },
      ...{ createdAtMs: 0, softwareVersion },
    };
    const { results } = await worker.run(task);
    rmSync(folder, { recursive: true, force: true });
    const kinds = new Set(results.map(({ kind }) => kind));
    expect([...kinds]).to.include.members(['summary', 'heatmap', 'sr']);
    for (const { kind, sopClassUid } of results)
      expect(resultObjects[kind as keyof typeof resultObjects].sopClassUid, kind).to.equal(sopClassUid);
  });
});
