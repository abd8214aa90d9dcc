import { cpSync, mkdirSync, mkdtempSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { expect } from 'chai';
import { analyseSeries } from '../src/analysis/analyse-series.ts';
import type { SeriesOutcome } from '../src/analysis/index.ts';
import { encodeDataset, part10Header, readInstance } from '../src/dicom/index.ts';
import { sendInstances } from '../src/network/index.ts';
import { openEngine, type Engine } from '../src/inference/index.ts';
import { buildResults, type ResultKind } from '../src/results/index.ts';
import { sampleDatasets, writeDatasets } from '../test/support/sample.ts';
import { pixelmed } from './support/pixelmed.ts';
import { startOrthanc } from './support/orthanc.ts';
import { cases, type Case } from './support/result-cases.ts';
import { needs, pythonInput, run } from './support/tools.ts';

const models = path.join(import.meta.dirname, '..', 'models', 'tof-patch');
const reports = ['sr', 'sr-comprehensive', 'sr-basic-text'] as const;
const documents: readonly ResultKind[] = [...reports, 'kos'];
const datasetKinds: readonly ResultKind[] = [...documents, 'seg', 'parametric-map', 'presentation-state'];
const everyKind: readonly ResultKind[] = ['summary', 'heatmap', ...datasetKinds];

/** What the independent reader says of one file (python/read_results.py). */
interface Read {
  readonly sopInstanceUid: string;
  readonly patientName: string;
  readonly equipment: Readonly<Record<string, string>>;
  readonly observer: Readonly<Record<string, string>>;
  readonly unlisted: readonly string[];
  readonly codes: readonly (readonly [string, string])[];
  readonly texts: readonly string[];
  readonly predecessors: readonly string[];
  readonly groups: readonly Group[];
  readonly title: string;
  readonly images: readonly string[];
  readonly segments: readonly {
    readonly trackingUid: string;
    readonly type: string;
    readonly algorithmType: string;
    readonly site: string;
    readonly centre: readonly number[];
    readonly volume: number;
  }[];
  readonly sources: readonly string[];
  readonly orientation: readonly number[];
  readonly frameOfReference: string;
  readonly shape: readonly number[];
  readonly greatest: number;
  readonly greatestAt: readonly number[];
  readonly marks: readonly {
    readonly image: string;
    readonly text: string;
    readonly circle: readonly number[] | null;
  }[];
}

interface Group {
  readonly template: string;
  readonly tracking: string;
  readonly trackingUid: string;
  readonly finding: string;
  readonly sites: readonly { readonly site: string; readonly modifiers: readonly string[] }[];
  readonly measurements: readonly {
    readonly name: string;
    readonly value: number;
    readonly unit: string;
    readonly images: readonly string[];
  }[];
  readonly algorithm: readonly string[];
  readonly point: { readonly type: 'SCOORD' | 'SCOORD3D'; readonly at: readonly number[] } | null;
  readonly explanation: readonly { readonly sopInstanceUid: string }[];
  readonly segment: readonly { readonly sopInstanceUid: string; readonly segment: number }[];
  readonly growth: {
    readonly change: string;
    readonly difference: number;
    readonly priorDiameter: number;
    readonly priorVolume: number;
    readonly priorDate: string;
  } | null;
}

/** The grid of the localisation map: a ball of fewer than four of its voxels across is no ball on it. */
const gridMm = 1;
const diameter = '81827009';
const volume = '118565006';
const probability = '122157';

describe('results before independent judges', function () {
  this.timeout(900_000);
  const folder = mkdtempSync(path.join(os.tmpdir(), 'willis-judged-'));
  const read = new Map<string, Read>();
  /** What pydicom's dicom-validator finds, by file. */
  let validated: Readonly<Record<string, readonly string[]>> = {};
  let pixelmedSaid: ReadonlyMap<string, readonly string[]> = new Map();

  const fileOf = (name: string, kind: ResultKind): string => path.join(folder, name, `${kind}-0001.dcm`);
  const readOf = (name: string, kind: ResultKind): Read => read.get(fileOf(name, kind))!;
  const made = (name: string, kind: ResultKind): boolean =>
    readdirSync(path.join(folder, name)).includes(`${kind}-0001.dcm`);

  before(async function () {
    needs(this, 'dciodvfy', 'dsrdump', 'dsr2xml', 'dcm2xml', 'dcmpschk', 'python', 'pixelmed');
    for (const one of cases) await writeCase(one);
    const files = cases.flatMap(({ name }) =>
      readdirSync(path.join(folder, name)).map((file) => path.join(folder, name, file)),
    );
    pixelmedSaid = pixelmed(files.filter((file) => knownToPixelmed.test(path.basename(file))));
    validated = JSON.parse(pythonInput('validate.py', '', ...files)) as typeof validated;
    const answer = JSON.parse(pythonInput('read_results.py', '', ...files)) as Record<string, Read>;
    for (const [file, one] of Object.entries(answer)) read.set(file, one);
  });
  after(() => rmSync(folder, { recursive: true, force: true }));

  /** Heatmaps are alike: the first stands for all. */
  async function writeCase({ name, input }: Case): Promise<void> {
    mkdirSync(path.join(folder, name));
    for await (const result of buildResults(
      input,
      everyKind.filter((kind) => kind !== 'summary'),
    )) {
      const file = fileOf(name, result.kind);
      if (read.has(file)) continue;
      read.set(file, {} as Read);
      writeFileSync(file, Buffer.concat([part10Header(result), result.dataset]));
    }
  }

  for (const { name, kinds } of cases) {
    it(`${name}: makes ${kinds.join(', ')}, and every judge accepts them`, () => {
      const files = readdirSync(path.join(folder, name));
      expect(files.filter((file) => !file.startsWith('heatmap')).sort()).to.deep.equal(
        kinds.map((kind) => `${kind}-0001.dcm`).sort(),
      );
      for (const file of files) judge(path.join(folder, name, file));
      for (const file of files)
        expect(validated[path.join(folder, name, file)], `dicom-validator ${file}`).to.deep.equal([]);
      for (const file of files.filter((one) => knownToPixelmed.test(one)))
        expectPixelmedContent(file, pixelmedSaid.get(path.join(folder, name, file))!);
      for (const kind of kinds)
        expect(readOf(name, kind).unlisted, `${kind}: not in the evidence`).to.deep.equal([]);
    });
  }

  for (const { name, patientName } of cases.filter((one) => one.patientName !== undefined)) {
    it(`${name}: every reader sees the patient's name`, () => {
      for (const kind of datasetKinds) expect(readOf(name, kind).patientName).to.equal(patientName);
    });
  }

  for (const one of cases.filter(({ input }) => input.findings.findings.length > 0)) {
    for (const kind of ['sr', 'sr-comprehensive'] as const) {
      it(`${one.name}, ${kind}: an independent reader gets what the findings hold`, () =>
        compareReport(one, kind));
    }
  }

  function compareReport({ name, input, kinds }: Case, kind: 'sr' | 'sr-comprehensive'): void {
    const { findings } = input.findings;
    const { groups, equipment, observer } = readOf(name, kind);
    // IHE AIR 6.5.3.1: the observer is the contributing equipment, value by value
    expect({ purpose: '109102', ...observer }).to.deep.equal(equipment);
    expect(groups).to.have.length(findings.length);
    for (const finding of findings) {
      const { sopInstanceUid } = input.source.frames.find(
        (frame) =>
          frame.sopInstanceUid === finding.keySopInstanceUid && frame.frameNumber === finding.keyFrameNumber,
      )!;
      const group = groups.find(({ measurements }) =>
        measurements.some(
          (one) => one.name === probability && one.value === Math.round(finding.probability * 1000) / 1000,
        ),
      )!;
      const measured = (concept: string): number =>
        group.measurements.find((one) => one.name === concept && one.images.length === 0)!.value;
      expect(group.algorithm).to.include.members([input.card.id, input.card.version]);
      expect(group.explanation).to.have.length(1);
      expect(measured(probability)).to.be.closeTo(finding.probability, 5e-4);
      if (finding.centreLpsMm !== null) {
        const inPatient = kind === 'sr' && input.source.frames[0]!.frameOfReferenceUid !== '';
        expect(group.point!.type).to.equal(inPatient ? 'SCOORD3D' : 'SCOORD');
        if (inPatient) expect(distance(group.point!.at, finding.centreLpsMm)).to.be.lessThan(0.5);
      }
      if (finding.volumeMm3 !== null) expect(measured(volume)).to.be.closeTo(finding.volumeMm3, 5e-4);
      if (finding.kind === 'aneurysm') {
        expect(group.finding).to.equal('85659009');
        expect(group.template).to.equal(kinds.includes('seg') ? '1411' : '1410');
        const sides = { left: '7771000', right: '24028007' } as const;
        const { laterality, modifier } = finding.site;
        const modifiers = [
          ...(laterality === null ? [] : [sides[laterality]]),
          ...(modifier === undefined ? [] : [modifier.value]),
        ];
        expect(group.sites).to.deep.equal([{ site: finding.site.value, modifiers }]);
        expect(measured(diameter)).to.be.closeTo(finding.maxDiameterMm, 5e-4);
      } else {
        expect(group.finding).to.equal('50960005');
        expect(group.tracking).to.match(new RegExp(`, ${finding.subtype}$`));
        expect(group.sites).to.deep.equal([haemorrhageSites[finding.subtype]]);
        const slices = group.measurements.filter((one) => one.images.length > 0);
        expect(slices.map(({ images }) => images[0])).to.deep.equal(
          finding.slices.map((slice) => slice.sopInstanceUid),
        );
        slices.forEach(({ value }, index) =>
          expect(value).to.be.closeTo(finding.slices[index]!.probability, 5e-4),
        );
      }
      expect(sopInstanceUid).to.equal(finding.keySopInstanceUid);
    }
  }

  for (const one of cases.filter(({ kinds }) => kinds.includes('seg'))) {
    it(`${one.name}: the segmentation says the same place, size, side and identity as the report`, () => {
      const { segments, frameOfReference, orientation, sources } = readOf(one.name, 'seg');
      const { groups } = readOf(one.name, 'sr');
      const frame = one.input.source.frames[0]!;
      expect(frameOfReference).to.equal(frame.frameOfReferenceUid);
      expect(orientation).to.deep.equal([...frame.imageOrientationPatient]);
      expect([...new Set(sources)].sort()).to.deep.equal(
        [...new Set(one.input.source.frames.map(({ sopInstanceUid }) => sopInstanceUid))].sort(),
      );
      for (const group of groups) {
        const segment = segments.find(({ trackingUid }) => trackingUid === group.trackingUid)!;
        expect(group.segment[0]!.sopInstanceUid).to.equal(readOf(one.name, 'seg').sopInstanceUid);
        expect(segment.algorithmType).to.equal('AUTOMATIC');
        expect(segment.type).to.equal(group.finding);
        expect(segment.site).to.equal(group.sites[0]!.site);
        const finding = one.input.findings.findings[Number(/\d+/.exec(group.tracking)![0]) - 1]!;
        expect(distance(segment.centre, finding.centreLpsMm!)).to.be.lessThan(0.5);
        if (finding.kind !== 'aneurysm' || finding.maxDiameterMm < 4 * gridMm) continue;
        const ball = (Math.PI / 6) * finding.maxDiameterMm ** 3;
        expect(segment.volume / ball).to.be.within(0.75, 1.25);
      }
    });
  }

  it('growth against a prior is read as a judgement with its numbers, beside the present measurements', () => {
    for (const kind of ['sr', 'sr-comprehensive'] as const) {
      expect(readOf('one aneurysm that grew', kind).groups[0]!.growth).to.deep.equal({
        change: '15454001',
        difference: 1.125,
        priorDiameter: 4,
        priorVolume: 33.5,
        priorDate: '20250102',
      });
    }
    expect(readOf('one aneurysm that grew', 'sr-basic-text').texts.join(' ')).to.match(
      /grown since a prior \(4\.0 mm, 34 mm3 on 20250102\)/,
    );
  });

  const states = [
    ['no aneurysm', '111241', ['85659009', '272519000'], /^NO FINDINGS: no suspected aneurysm/],
    ['no haemorrhage', '111241', ['50960005', '272519000'], /^NO FINDINGS: no suspected haemorrhage/],
    ['not analysed', '111245', ['85659009', '373068000'], /^NOT ANALYSED\. SLICE_GAP: .*not a negative/],
    ['ten aneurysms', '111242', ['85659009', '52101004'], /^FINDINGS: 10 suspected aneurysms/],
  ] as const;
  for (const [name, summary, presence, words] of states) {
    it(`${name}: every report states it in codes and words`, () => {
      for (const kind of reports) {
        const { codes, texts } = readOf(name, kind);
        expect(codes)
          .to.deep.include(['111017', summary])
          .and.to.deep.include([...presence]);
        expect(texts.filter((text) => words.test(text))).to.have.length(1);
        const absent = codes.filter(([, value]) => value === '272519000');
        expect(absent, 'absence is claimed only by "no findings"').to.have.length(
          summary === '111241' ? 1 : 0,
        );
      }
    });
  }

  it('a report that replaces another names the one of its own kind, else the richest', () => {
    expect(readOf('superseding', 'sr').predecessors).to.deep.equal(['2.25.1']);
    expect(readOf('superseding', 'sr-basic-text').predecessors).to.deep.equal(['2.25.3']);
    expect(readOf('superseding', 'sr-comprehensive').predecessors).to.deep.equal(['2.25.1']);
  });

  it('key objects and marks name the images that show the findings', () => {
    const one = cases.find(({ name }) => name === 'two aneurysms, one on the midline')!;
    const keys = one.input.findings.findings.map(({ keySopInstanceUid }) => keySopInstanceUid);
    const { title, images } = readOf(one.name, 'kos');
    expect(title).to.equal('113000');
    expect([...images].sort()).to.deep.equal([...keys].sort());
    const { marks } = readOf(one.name, 'presentation-state');
    expect(marks.map(({ image }) => image)).to.deep.equal(keys);
    // 2.25 voxels right of and 1.25 below the middle of 48 x 40: the middle of pixel 26.25, 21.25 counted from 0
    expect(marks[0]!.circle!.slice(0, 2)).to.deep.equal([26.75, 21.75]);
    const { images: bleeding } = readOf('subdural haemorrhage', 'kos');
    expect(bleeding).to.have.length(3);
  });

  it('the probability map lies on the source and is greatest at the aneurysm', () => {
    const one = cases.find(({ name }) => name === 'one aneurysm that grew')!;
    const map = readOf(one.name, 'parametric-map');
    expect(map.shape).to.deep.equal([12, 40, 48]);
    expect(map.greatest).to.be.within(0.9, 1);
    expect(distance(map.greatestAt, one.input.findings.findings[0]!.centreLpsMm!)).to.be.lessThan(0.8);
  });

  it('a PACS (Orthanc) takes every kind in every state, and shows one object a file', async function () {
    needs(this, 'Orthanc');
    await using orthanc = await startOrthanc(path.join(folder, 'orthanc'));
    const instances = cases.flatMap(({ name }) =>
      readdirSync(path.join(folder, name)).map((file) => {
        const instance = readInstance(readFileSync(path.join(folder, name, file)));
        const { sopClassUid, sopInstanceUid, transferSyntaxUid } = instance;
        return { path: path.join(folder, name, file), sopClassUid, sopInstanceUid, transferSyntaxUid };
      }),
    );
    const pacs = { aeTitle: 'ORTHANC', host: '127.0.0.1', port: orthanc.dicomPort };
    const outcomes = await sendInstances(pacs, instances, { callingAeTitle: 'WILLIS' });
    expect(outcomes.filter(({ kind }) => kind !== 'stored')).to.deep.equal([]);
    const uids = new Set(instances.map(({ sopInstanceUid }) => sopInstanceUid));
    expect(await orthanc.get('/instances')).to.have.length(uids.size);
  });

  it('dicom-validator finds what is missing', () => {
    const segmentation = { SOPClassUID: '1.2.840.10008.5.1.4.1.1.66.4', SOPInstanceUID: '2.25.1' };
    const file = path.join(folder, 'empty.dcm');
    const meta = { sopClassUid: segmentation.SOPClassUID, sopInstanceUid: '2.25.1' };
    const header = part10Header({ ...meta, transferSyntaxUid: '1.2.840.10008.1.2.1' });
    writeFileSync(file, Buffer.concat([header, encodeDataset(segmentation)]));
    const found = JSON.parse(pythonInput('validate.py', '', file)) as Record<string, readonly string[]>;
    expect(found[file])
      .to.include('TagMissing (0062,0002) in segmentation-image')
      .and.include('TagMissing (0010,0020) in patient');
  });

  it('no flags, marks or masks without findings', () => {
    for (const name of ['no aneurysm', 'no haemorrhage', 'not analysed'])
      for (const kind of ['kos', 'presentation-state', 'seg'] as const)
        expect(made(name, kind)).to.equal(false);
  });
});

describe('results of a real analysis before independent judges', function () {
  this.timeout(900_000);
  const folder = mkdtempSync(path.join(os.tmpdir(), 'willis-analysed-'));
  let engine: Engine;

  before(function () {
    needs(this, 'dciodvfy', 'dsrdump', 'dsr2xml', 'dcm2xml', 'dcmpschk', 'python');
    engine = openEngine({ providers: ['cpu'], threads: 2 });
  });
  after(async () => {
    await engine[Symbol.asyncDispose]();
    rmSync(folder, { recursive: true, force: true });
  });

  async function analyse(
    name: string,
    bundle: string,
  ): Promise<{ outcome: SeriesOutcome; files: readonly string[] }> {
    const paths = await writeDatasets(await sampleDatasets(), path.join(folder, name, 'in'));
    const out = path.join(folder, name, 'out');
    const outcome = await analyseSeries(
      {
        paths,
        pipeline: 'tof-patch',
        bundleFolder: bundle,
        reason: null,
        inputSha256: name,
        version: 1,
        supersedes: null,
        completeness: '90 slices',
        kinds: everyKind,
        folder: out,
        createdAtMs: Date.UTC(2026, 10, 21),
        softwareVersion: '0.1.0',
      },
      engine,
    );
    return { outcome, files: readdirSync(out).map((file) => path.join(out, file)) };
  }

  it('findings: every kind is made and accepted; SR and SEG give back what the findings hold', async () => {
    const { outcome, files } = await analyse('findings', models);
    const first = files.filter((file) => file.endsWith('-0001.dcm'));
    expect(first.map((file) => path.basename(file).replace('-0001.dcm', '')).sort()).to.deep.equal(
      [...everyKind].sort(),
    );
    for (const file of first) judge(file);
    const validated = JSON.parse(pythonInput('validate.py', '', ...first)) as Record<string, unknown>;
    expect(validated).to.deep.equal(Object.fromEntries(first.map((file) => [file, []])));
    const [sr, seg] = ['sr', 'seg'].map((kind) =>
      files.find((file) => path.basename(file) === `${kind}-0001.dcm`)!,
    );
    const answer = JSON.parse(pythonInput('read_results.py', '', sr!, seg!)) as Record<string, Read>;
    const { groups } = answer[sr!]!;
    const { segments } = answer[seg!]!;
    const { findings } = outcome.findings;
    expect(groups).to.have.length(findings.length).and.length.greaterThan(0);
    for (const [index, finding] of findings.entries()) {
      const group = groups.find(({ tracking }) => tracking === `Aneurysm ${index + 1}`)!;
      const segment = segments.find(({ trackingUid }) => trackingUid === group.trackingUid)!;
      expect(distance(group.point!.at, finding.centreLpsMm!)).to.be.lessThan(0.5);
      expect(distance(segment.centre, finding.centreLpsMm!)).to.be.lessThan(0.5);
      // the report's volume is the segmented one, corrected by the bundle's measured factor
      expect(segment.volume / finding.volumeMm3!).to.be.within(0.8, 1.25);
    }
    heatmapLiesOnSource(path.join(folder, 'findings'));
  });

  it('no findings: an explicit statement, and valid', async () => {
    const bundle = path.join(folder, 'strict');
    cpSync(models, bundle, { recursive: true });
    const manifest = JSON.parse(readFileSync(path.join(bundle, 'model.json'), 'utf8')) as {
      operatingPoint: { findingThreshold: number };
    };
    manifest.operatingPoint.findingThreshold = 1;
    writeFileSync(path.join(bundle, 'model.json'), JSON.stringify(manifest));
    const { outcome, files } = await analyse('none', bundle);
    expect(outcome.findings.state).to.equal('no-findings');
    for (const file of files.filter((one) => one.endsWith('-0001.dcm'))) judge(file);
    const text = run('dsrdump', [files.find((file) => path.basename(file) === 'sr-0001.dcm')!]).output;
    expect(text)
      .to.match(/\(111241,DCM/)
      .and.match(/\(272519000,SCT,"Absent"\)/);
  });
});

/** Position, orientation, spacing and frame of reference of a heatmap frame are those of its source slice. */
function heatmapLiesOnSource(folder: string): void {
  const dump = (file: string): string =>
    run('dcmdump', [
      ...['0020,0032', '0020,0037', '0028,0030', '0020,0052'].flatMap((tag) => ['+P', tag]),
      file,
    ]).output;
  const frame = dump(path.join(folder, 'out', 'heatmap-0041.dcm'));
  const source = dump(path.join(folder, 'in', '0040.dcm'));
  const values = (text: string): readonly number[] =>
    [...text.matchAll(/DS \[([^\]]+)\]/g)].flatMap((match) => match[1]!.split('\\').map(Number));
  const frameOfReference = (text: string): string => /UI \[([^\]]+)\]/.exec(text)![1]!;
  expect(values(frame)).to.have.length(values(source).length).and.length(11);
  expect(frameOfReference(frame)).to.equal(frameOfReference(source));
  values(frame).forEach((value, index) => expect(value).to.be.closeTo(values(source)[index]!, 1e-3));
}

/** dciodvfy on every object, DCMTK's XML writers, and its own checkers of documents and presentation states. */
function judge(file: string): void {
  const name = path.basename(file);
  const { output } = run('dciodvfy', [file]);
  const errors = output.split('\n').filter((line) => line.startsWith('Error'));
  expect(errors, `${name}\n${output}`).to.deep.equal([]);
  expect(run('dcm2xml', [file]).status, `dcm2xml ${name}`).to.equal(0);
  if (documents.some((kind) => name.startsWith(`${kind}-0`))) {
    for (const tool of ['dsrdump', 'dsr2xml']) {
      const said = run(tool, [file]);
      expect(said.status, `${tool} ${name}\n${said.output}`).to.equal(0);
      const faults = said.output.split('\n').filter((line) => /^[EW]: /.test(line));
      expect(faults.filter((line) => !unsupportedByDcmtk.test(line))).to.deep.equal([]);
    }
  }
  if (name.startsWith('presentation-state')) {
    const said = run('dcmpschk', [file]).output;
    const rest = said.replace(falseOfDcmpschk, '');
    const verdict = rest === said ? said : rest.replace('Test failed - one or more errors', 'Test passed');
    expect(verdict, `dcmpschk ${name}\n${said}`).to.match(/^W: Testing: .*\nW: Test passed\.\n$/);
  }
}

/** The objects that PixelMed has rules for. */
const knownToPixelmed = /^(sr|kos|seg)/;

/**
 * It asks for the side of the head, which is no paired part of the body (Laterality, Type 2C, PS3.3 C.7.3.1), and takes the
 * letters of a name for ASCII whatever Specific Character Set says; pydicom reads the names back.
 */
const falseOfPixelmed =
  /GeneralSeriesModule\/Laterality|PatientModule\/PatientName\/.*Illegal character\(s\) '[^\0-~]+' in value of PN VR/;

/** Its templates are those of 2022, and open ones: what it does not find in them is a warning. */
function expectPixelmedContent(file: string, said: readonly string[]): void {
  expect(said, `PixelMed ${file}`).to.include('IOD validation complete');
  if (!file.startsWith('seg')) expect(said).to.include('Root Template Validation Complete');
  const errors = said.filter((line) => line.startsWith('Error') && !falseOfPixelmed.test(line));
  expect(errors, `PixelMed ${file}`).to.deep.equal([]);
}

/** What DCMTK cannot check (templates of Key Object Selection, some character sets) is no fault of the object. */
const unsupportedByDcmtk =
  /^W: (Check for template constraints not yet supported|The VR checker does not support this Specific Character Set: .*|Reading unknown\/unsupported SpecificCharacterSet .*|Cannot map Specific Character Set to equivalent XML encoding)$/;

/** It reads a name in UTF-8 byte by byte, and wants a name where Patient Name may be empty (Type 2, PS3.3 C.7.1.1). */
const falseOfDcmpschk =
  /E: Error: Attribute value does not conform to data type definition\.\nE: +Affected attribute: PatientName \(0010,0010\), Type PN\n(E: .*\n)+|W: patientName absent or empty in presentation state\n/;

const haemorrhageSites = {
  epidural: { site: '18545000', modifiers: ['261074009'] },
  intraparenchymal: { site: '12738006', modifiers: [] },
  intraventricular: { site: '35764002', modifiers: [] },
  subarachnoid: { site: '33930006', modifiers: [] },
  subdural: { site: '18545000', modifiers: ['260521003'] },
} as const;

function distance(a: readonly number[], b: readonly number[]): number {
  return Math.hypot(...a.map((value, axis) => value - b[axis]!));
}
