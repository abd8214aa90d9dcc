import { readFileSync } from 'node:fs';
import path from 'node:path';
import { expect } from 'chai';
import { conformanceStatement } from '../../src/cli/statement/index.ts';
import { defaultFallbacks, resultKinds } from '../../src/config/destinations.ts';
import { softwareVersion } from '../../src/version.ts';

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
});
