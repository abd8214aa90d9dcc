import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { expect } from 'chai';
import type { Finding, SeriesFindings } from '../../src/findings/index.ts';

const root = path.join(import.meta.dirname, '..', '..');
const pipelines = ['tof-patch', 'tof-coarse-fine', 'cta-resnet', 'ncct-haemorrhage'] as const;

/** What a card prints of one finding, cell by cell. */
interface Row {
  readonly probability: number;
  readonly place: readonly number[];
  /** Diameter in mm, artery and side; of blood its kind and the number of slices marked. */
  readonly own: readonly string[];
}

describe('samples of the pipelines', function () {
  this.timeout(240_000);
  const folder = mkdtempSync(path.join(os.tmpdir(), 'willis-samples-'));
  after(() => rmSync(folder, { recursive: true, force: true }));

  for (const pipeline of pipelines) {
    it(`${pipeline}: "willis process" finds on its sample what its card says`, () => {
      const { series, command, rows } = sampleOf(pipeline);
      expect(command).to.include(series).and.to.include(`--pipeline ${pipeline}`);
      const found = processed(series, pipeline);
      expect(rows, 'a sample shows findings').not.to.deep.equal([]);
      expect(found.length, 'findings').to.equal(rows.length);
      for (const [index, finding] of found.entries()) {
        const { probability, place, own } = rows[index]!;
        // three decimals on the card, 1e-3 between machines
        expect(finding.probability).to.be.closeTo(probability, 2e-3);
        finding.centreLpsMm!.forEach((value, axis) => expect(value).to.be.closeTo(place[axis]!, 0.25));
        for (const [cell, told] of ownOf(finding).entries()) {
          if (typeof told === 'string') expect(own[cell]).to.equal(told);
          else expect(Number(own[cell])).to.be.closeTo(told, 0.1);
        }
      }
    });
  }

  function processed(series: string, pipeline: string): readonly Finding[] {
    const said = spawnSync(
      process.execPath,
      [
        ...['src/main.ts', 'process', series, '--pipeline', pipeline],
        ...['--out', path.join(folder, pipeline), '--results', 'sr', '--json', '-'],
      ],
      { cwd: root, encoding: 'utf8' },
    );
    expect(said.status, said.stderr).to.equal(0);
    const [findings] = JSON.parse(said.stdout) as readonly SeriesFindings[];
    return findings!.findings;
  }
});

/** The card's section "Sample". */
function sampleOf(pipeline: string): { series: string; command: string; rows: readonly Row[] } {
  const card = readFileSync(path.join(root, 'models', pipeline, 'CARD.md'), 'utf8');
  const section = /## Sample\n([^]*?)\n## /.exec(card)![1]!;
  const lines = section.split('\n').filter((line) => /^\| [\d.]+ \|/.test(line));
  return {
    series: /^`(test\/samples\/[\w-]+)`/.exec(section)![1]!,
    command: /`npx (willis process [^`]+)`/.exec(section)![1]!,
    rows: lines.map((line) => {
      const [probability, place, ...rest] = line
        .split('|')
        .slice(1, -1)
        .map((cell) => cell.trim());
      return {
        probability: Number(probability),
        place: place!.split(', ').map(Number),
        own: rest.slice(0, -1),
      };
    }),
  };
}

/** What the same cells of the card should hold. */
function ownOf(finding: Finding): readonly (string | number)[] {
  if (finding.kind === 'haemorrhage') return [finding.subtype, finding.slices.length];
  const { meaning, modifier, laterality } = finding.site;
  const artery = modifier === undefined ? meaning : `${meaning} (${modifier.meaning})`;
  return [finding.maxDiameterMm, artery, laterality ?? '-'];
}
