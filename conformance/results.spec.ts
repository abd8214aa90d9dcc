import { cpSync, mkdtempSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { expect } from 'chai';
import { analyseSeries } from '../src/analysis/analyse-series.ts';
import type { SeriesOutcome } from '../src/analysis/index.ts';
import type { Dataset, RawElement } from '../src/dicom/index.ts';
import { openEngine, type Engine } from '../src/inference/index.ts';
import { sampleDatasets, writeDatasets } from '../test/support/sample.ts';
import { needs, run, runPython } from './support/tools.ts';

const models = path.join(import.meta.dirname, '..', 'models', 'tof-patch');

interface ReadReport {
  readonly patientName: string;
  readonly groups: readonly {
    readonly centre: readonly number[];
    readonly finding: string;
    readonly sites: readonly (readonly [string, readonly string[]])[];
    readonly measurements: Readonly<Record<string, readonly [number, string]>>;
  }[];
}

const raw = (tag: string, vr: string, bytes: readonly number[]): RawElement => ({
  tag,
  vr,
  bytes: Uint8Array.from(bytes),
});
const latin = (text: string): readonly number[] => [...Buffer.from(text, 'latin1')];

/** The patient as sources write it: character set, name as bytes, and the name an independent reader must see. */
const patients: readonly (readonly [string, string | undefined, readonly number[], string])[] = [
  ['ASCII', undefined, latin('Doe^Jane'), 'Doe^Jane'],
  ['Latin-1', 'ISO_IR 100', latin('M\u00fcller^J\u00f6rg'), 'Müller^Jörg'],
  ['UTF-8', 'ISO_IR 192', [...Buffer.from('Ångström^Zoë', 'utf8')], 'Ångström^Zoë'],
  ['Greek', 'ISO_IR 126', [0xc4, 0xe9, 0xef, 0xed, 0xf5, 0xf3, 0xe9, 0xef, 0xf2], 'Διονυσιος'],
  [
    'Japanese',
    '\\ISO 2022 IR 87',
    [
      ...latin('Yamada^Tarou='),
      0x1b,
      0x24,
      0x42,
      0x3b,
      0x33,
      0x45,
      0x44,
      0x1b,
      0x28,
      0x42,
      ...latin('^'),
      0x1b,
      0x24,
      0x42,
      0x42,
      0x40,
      0x4f,
      0x3a,
      0x1b,
      0x28,
      0x42,
    ],
    'Yamada^Tarou=山田^太郎',
  ],
];

describe('results before independent judges', function () {
  this.timeout(300_000);
  const folder = mkdtempSync(path.join(os.tmpdir(), 'willis-judged-'));
  let engine: Engine;
  let slices: readonly Record<string, Dataset[string]>[];

  before(async function () {
    needs(this, 'dciodvfy', 'dsrdump', 'python');
    engine = openEngine({ providers: ['cpu'], threads: 2 });
    slices = await sampleDatasets();
  });
  after(async () => {
    await engine[Symbol.asyncDispose]();
    rmSync(folder, { recursive: true, force: true });
  });

  async function analyse(
    name: string,
    changes: Record<string, Dataset[string]>,
    more: { reason?: { code: string; text: string }; bundle?: string; slices?: number } = {},
  ): Promise<{ outcome: SeriesOutcome; files: readonly string[] }> {
    const changed = slices.slice(0, more.slices).map((slice) => ({ ...slice, ...changes }));
    const paths = await writeDatasets(changed, path.join(folder, name, 'in'));
    const out = path.join(folder, name, 'out');
    const outcome = await analyseSeries(
      {
        paths,
        pipeline: 'tof-patch',
        bundleFolder: more.bundle ?? models,
        reason: more.reason ?? null,
        inputSha256: name,
        version: 1,
        supersedes:
          name === 'superseding' ? { srSopInstanceUid: '2.25.1', srSeriesInstanceUid: '2.25.2' } : null,
        completeness: '90 slices',
        kinds: ['summary', 'heatmap', 'sr'],
        folder: out,
        createdAtMs: Date.UTC(2026, 10, 21),
        softwareVersion: '0.1.0',
      },
      engine,
    );
    return { outcome, files: readdirSync(out).map((file) => path.join(out, file)) };
  }

  function judge(files: readonly string[]): void {
    for (const file of files.filter((one) => !/heatmap-00(0[2-9]|[1-9])/.test(one))) {
      const { output } = run('dciodvfy', [file]);
      expect(
        output.split('\n').filter((line) => line.startsWith('Error')),
        `${path.basename(file)}\n${output}`,
      ).to.deep.equal([]);
    }
    const report = files.find((file) => file.includes('sr-'))!;
    expect(run('dsrdump', [report]).status).to.equal(0);
  }

  const read = (files: readonly string[]): ReadReport =>
    JSON.parse(
      runPython(
        'read_sr.py',
        files.find((file) => file.includes('sr-'))!,
      ).split('\n')[0]!,
    ) as ReadReport;

  for (const [name, characterSet, nameBytes, seen] of patients) {
    it(`findings, ${name}: valid, and highdicom reads back what the findings hold`, async () => {
      const { outcome, files } = await analyse(name, {
        SpecificCharacterSet: characterSet === undefined ? undefined : characterSet.split('\\'),
        PatientName: raw('00100010', 'PN', nameBytes),
      });
      judge(files);
      const report = read(files);
      expect(report.patientName).to.equal(seen);
      const { findings } = outcome.findings;
      expect(report.groups).to.have.length(findings.length).and.length.greaterThan(0);
      for (const [index, finding] of findings.entries()) {
        const group = report.groups[index]!;
        expect(Math.hypot(...group.centre.map((v, axis) => v - finding.centreLpsMm[axis]!))).to.be.lessThan(
          0.5,
        );
        expect(group.finding).to.equal('85659009');
        const side =
          finding.site.laterality === null
            ? []
            : [finding.site.laterality === 'left' ? '7771000' : '24028007'];
        expect(group.sites).to.deep.equal([[finding.site.value, side]]);
        expect(group.measurements['81827009']![0]).to.be.closeTo(finding.maxDiameterMm, 0.01);
        expect(group.measurements['118565006']![0]).to.be.closeTo(finding.volumeMm3, 0.01);
        expect(group.measurements['122157']).to.deep.equal([
          Math.round(finding.probability * 1000) / 1000,
          '1',
        ]);
      }
    });
  }

  it('patient fields missing or malformed: left empty, and valid', async () => {
    const { files } = await analyse('missing', {
      PatientName: '',
      PatientID: '',
      PatientBirthDate: 'unknown',
      PatientSex: 'X',
      AccessionNumber: undefined,
      StudyID: undefined,
    });
    judge(files);
  });

  it('no findings: an explicit statement, and valid', async () => {
    const bundle = path.join(folder, 'strict');
    cpSync(models, bundle, { recursive: true });
    const manifest = JSON.parse(readFileSync(path.join(bundle, 'model.json'), 'utf8')) as {
      operatingPoint: { findingThreshold: number };
    };
    manifest.operatingPoint.findingThreshold = 1;
    writeFileSync(path.join(bundle, 'model.json'), JSON.stringify(manifest));
    const { outcome, files } = await analyse('none', {}, { bundle });
    expect(outcome.findings.state).to.equal('no-findings');
    judge(files);
    const text = run('dsrdump', [files.find((file) => file.includes('sr-'))!]).output;
    expect(text)
      .to.match(/\(111241,DCM/)
      .and.match(/\(272519000,SCT,"Absent"\)/);
  });

  it('not analysed: its reason, no absence claimed, and valid', async () => {
    const { outcome, files } = await analyse(
      'refused',
      {},
      { reason: { code: 'SLICE_GAP', text: 'A slice is missing.' } },
    );
    expect(outcome.findings.state).to.equal('not-analysed');
    expect(files).to.have.length(2);
    judge(files);
    const text = run('dsrdump', [files.find((file) => file.includes('sr-'))!]).output;
    expect(text)
      .to.match(/\(111245,DCM/)
      .and.match(/SLICE_GAP/)
      .and.not.match(/Absent/);
  });

  it('a result that replaces another names its predecessor, and is valid', async () => {
    const { files } = await analyse('superseding', {});
    judge(files);
    expect(run('dcmdump', ['+P', '0040,a360', files.find((file) => file.includes('sr-'))!]).output).to.match(
      /PredecessorDocumentsSequence/,
    );
  });

  it('a heatmap frame lies exactly where its source slice lies', async () => {
    const { files } = await analyse('place', {});
    const frame = run('dcmdump', [
      '+P',
      '0020,0032',
      '+P',
      '0020,0037',
      '+P',
      '0028,0030',
      '+P',
      '0020,0052',
      files.find((file) => file.endsWith('heatmap-0041.dcm'))!,
    ]).output;
    const source = run('dcmdump', [
      '+P',
      '0020,0032',
      '+P',
      '0020,0037',
      '+P',
      '0028,0030',
      '+P',
      '0020,0052',
      path.join(folder, 'place', 'in', '0040.dcm'),
    ]).output;
    const values = (dump: string): readonly number[] =>
      [...dump.matchAll(/DS \[([^\]]+)\]/g)].flatMap((match) => match[1]!.split('\\').map(Number));
    const frameOfReference = (dump: string): string => /UI \[([^\]]+)\]/.exec(dump)![1]!;
    expect(values(frame)).to.have.length(values(source).length).and.length(11);
    expect(frameOfReference(frame)).to.equal(frameOfReference(source));
    values(frame).forEach((value, index) => expect(value).to.be.closeTo(values(source)[index]!, 1e-3));
  });
});
