import { mkdirSync, mkdtempSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import zlib from 'node:zlib';
import { expect } from 'chai';
import { shippedRules } from '../src/config/shipped-rules.ts';
import { readNifti } from '../src/volume/index.ts';
import { ctInstances } from '../test/support/cta-phantom.ts';
import { startNodeProcess, untilTrue, type NodeProcess } from '../test/support/node-process.ts';
import { writeDatasets } from '../test/support/sample.ts';
import { sharedData } from '../test/support/shared-data.ts';
import { startOrthanc, type Orthanc } from './support/orthanc.ts';
import { needs, needsRealImages, run, runPython } from './support/tools.ts';

/** What the index says of one series. */
interface Outcome {
  readonly uid: string;
  readonly description: string;
  readonly imageType: readonly string[];
  readonly state: 'findings' | 'no-findings' | 'not-analysed';
  readonly code: string | null;
  readonly text: string | null;
  readonly pipeline: string | null;
  readonly findings: readonly { readonly subtype?: string; readonly centreLpsMm: readonly number[] | null }[];
}

const siemensTof = 'tof_mra/nibabel_siemens_tof_mip/slicethickness_empty_string.dcm';

/** As shipped, angiograms sent as well; and a planning CT, whose header names no part of the body, by a rule of its own. */
const rules = [
  ...shippedRules(['pacs']).map((rule) => ({ ...rule, shadow: false })),
  {
    name: 'planning CT',
    when: { modality: 'CT', manufacturer: 'PQ2000', bodyPartExamined: [''] },
    pipeline: 'ncct-haemorrhage',
    sendTo: ['pacs'],
  },
];

describe('real volumes: dcmsend, Willis, Orthanc', function () {
  this.timeout(1_200_000);
  const folder = mkdtempSync(path.join(os.tmpdir(), 'willis-real-'));
  let orthanc: Orthanc;
  let node: NodeProcess;
  const opened: AsyncDisposable[] = [];
  let outcomes: readonly Outcome[] = [];

  before(async function () {
    needs(this, 'dcmsend', 'Orthanc', 'dciodvfy', 'python');
    needsRealImages(this);
    orthanc = await startOrthanc(path.join(folder, 'orthanc'));
    opened.push(orthanc);
    const results = ['summary', 'heatmap-multiframe', 'sr', 'key-views', 'curve'];
    const destination = {
      name: 'pacs',
      aeTitle: 'ORTHANC',
      host: '127.0.0.1',
      port: orthanc.dicomPort,
      results,
    };
    node = await startNodeProcess(folder, { destinations: [destination], rules });
    opened.push(node);
    for (const place of [...(await wrapped()), ...unpacked(), ...asTheyAre()]) send(place);
    const judged = (): boolean => runPython('unjudged.py', index()).trim() === '0';
    await untilTrue(judged, 900_000, () => node.log().slice(-3000));
    outcomes = JSON.parse(runPython('outcomes.py', index())) as Outcome[];
    const read = outcomes.filter(({ pipeline }) => pipeline !== null).length;
    const stored = (): number => node.log().split('results stored by the destination').length - 1;
    await untilTrue(
      () => stored() === read,
      60_000,
      () => `${stored()} of ${read} series have their results in the PACS`,
    );
  });
  after(async () => {
    for (const one of opened.reverse()) await one[Symbol.asyncDispose]();
    rmSync(folder, { recursive: true, force: true });
  });

  it('vessels alone, TOF and CT angiogram: refused by name, with pictures, never called negative', () => {
    expect(told('TOF_3D_multi-slab', 'ORIGINAL')).to.deep.equal(['tof-patch HEAD_NOT_FOUND']);
    expect(told('CTA head')).to.deep.equal(['cta-resnet VESSELS_NOT_FOUND']);
  });

  it('a limb, a head too coarse: refused by what they are', () => {
    expect(told('TOF limb')).to.deep.equal(['tof-patch TOO_FEW_SLICES']);
    expect(told('Head lowres')).to.deep.equal(['ncct-haemorrhage SPACING_NOT_ACCEPTED']);
  });

  it('the skull phantom: soft axial series and tilted ones are tried and called no head; the rest is left, with its reason', () => {
    const phantom = /^(STD BRAIN|STEREOTAXIS)/;
    const tried = outcomes.filter(({ description }) => phantom.test(description));
    expect(tried).to.have.length.at.least(2);
    for (const { code, text, pipeline } of tried) {
      expect([pipeline, code]).to.deep.equal(['ncct-haemorrhage', 'HEAD_NOT_FOUND']);
      expect(text).to.match(/Is it a phantom/);
    }
    // the sharp reconstruction of the same scan is there where the whole study is
    for (const { pipeline, text } of outcomes.filter(({ description }) => description.startsWith('BONE')))
      expect([pipeline, text?.includes('Convolution Kernel')]).to.deep.equal([null, true]);
  });

  it('what is no whole series of a kind we read ends with the rule that came nearest and what it lacked', () => {
    const left = outcomes.filter(({ pipeline }) => pipeline === null);
    expect(left).to.have.length.at.least(12);
    for (const { state, code, text, description } of left) {
      expect([state, code], description).to.deep.equal(['not-analysed', 'NO_RULE_MATCHED']);
      expect(text, description).to.match(/Nearest is ".+", of which this does not hold: .+\(found .+\)/);
    }
    const scouts = outcomes.filter(({ imageType }) =>
      imageType.some((one) => /LOCALIZER|PROJECTION|SURVIEW/.test(one)),
    );
    expect(scouts).to.have.length.at.least(4);
    for (const { pipeline } of scouts) expect(pipeline).to.equal(null);
  });

  it('a real head CT to the shoulders is read, its places lie in the upper part, and each kind of result is in the PACS', () => {
    const [head] = outcomes.filter(({ state }) => state === 'findings');
    expect(head!.pipeline).to.equal('ncct-haemorrhage');
    // 90 slices of 3 mm from the shoulders up; what lies more than 170 mm below the vertex is not read
    for (const { centreLpsMm } of head!.findings) expect(centreLpsMm![2]).to.be.greaterThan(headBottomMm());
  });

  it('nothing is called free of findings, and every result is sound to dciodvfy', async () => {
    expect(outcomes.filter(({ state }) => state === 'no-findings')).to.deep.equal([]);
    const places = (await orthanc.get('/instances')) as readonly string[];
    expect(places).to.have.length.at.least(10);
    for (const place of places) {
      const file = path.join(folder, 'result.dcm');
      writeFileSync(file, await orthanc.file(place));
      const errors = run('dciodvfy', [file])
        .output.split('\n')
        .filter((line) => line.startsWith('Error'));
      expect(errors, place).to.deep.equal([]);
    }
  });

  const index = (): string => path.join(node.dataDir, 'index.sqlite');

  /** Pipeline and code of the series of that description. */
  function told(description: string, imageType?: string): readonly string[] {
    return outcomes
      .filter((one) => one.description === description)
      .filter((one) => imageType === undefined || one.imageType.includes(imageType))
      .map(({ pipeline, code }) => `${pipeline} ${code}`);
  }

  /** z of the planning CT's highest slice less what the bundle reads of a head. */
  function headBottomMm(): number {
    const places = readdirSync(path.join(folder, 'ncct'), { recursive: true, withFileTypes: true });
    const files = places.filter(({ name }) => /^IMG_\d+\.dcm$/.test(name));
    const paths = files.map(({ parentPath, name }) => path.join(parentPath, name));
    const dump = run('dcmdump', ['+P', 'ImagePositionPatient', ...paths]).output;
    const tops = [...dump.matchAll(/\[[^\\\]]*\\[^\\\]]*\\([^\]]*)\]/g)].map(([, z]) => Number(z));
    expect(tops).to.have.length(files.length);
    return Math.max(...tops) - 175;
  }

  /** dcmsend proposes what each file needs; files that are no DICOM are left out by it. */
  function send(place: string): void {
    run('dcmsend', ['-v', '+sd', '+r', '-aec', 'WILLIS', '--no-halt', '127.0.0.1', String(node.port), place]);
  }

  /** The NIfTI volumes as series of a scanner. */
  async function wrapped(): Promise<readonly string[]> {
    const homes = ['tof', 'limb', 'avm', 'coarse'].map((name) => path.join(folder, name)) as [
      ...[string, string, string, string],
    ];
    const template = path.join(sharedData, siemensTof);
    runPython(
      'wrap.py',
      path.join(sharedData, 'tof_mra/niivue_chris_MRA/chris_MRA.nii.gz'),
      template,
      homes[0],
    );
    const limb = path.join(sharedData, 'tof_mra/fnndsc_avf_mra_not_head/avf_float_32.nii.gz');
    runPython('wrap.py', limb, template, homes[1], 'limb', 'TOF limb');
    const angiogram = readNifti(readFileSync(path.join(sharedData, 'cta/niivue_CT_AVM/CT_AVM.nii.gz')));
    const named = (study: string, slices: ReturnType<typeof ctInstances>): ReturnType<typeof ctInstances> =>
      slices.map((slice, at) => ({
        ...{ ...slice, StudyInstanceUID: `${study}1`, SeriesInstanceUID: `${study}2` },
        SOPInstanceUID: `${study}3${at}`,
      }));
    await writeDatasets(named('2.25.97', ctInstances(angiogram)), homes[2]);
    // as coarse as the shared low-resolution head: 64 x 64 of 3.2 mm, 93 slices of 1.5 mm
    const coarse = { size: [64, 64, 93], spacingMm: [3.2, 3.2, 1.5], originLpsMm: [-100, -100, 0] } as const;
    const axes = {
      directions: [
        [1, 0, 0],
        [0, 1, 0],
        [0, 0, 1],
      ],
    } as const;
    const blank = ctInstances({ ...coarse, ...axes, data: lowResolutionHead() });
    const slices = named('2.25.98', blank).map((slice) => ({ ...slice, SeriesDescription: 'Head lowres' }));
    await writeDatasets(slices, homes[3]);
    return homes;
  }

  /** Its raw values are not HU; 0 is air. */
  function lowResolutionHead(): Float32Array {
    const home = path.join(sharedData, 'ncct/vtk_headsq_lowres');
    const [data] = readdirSync(home, { recursive: true, encoding: 'utf8' }).filter((name) =>
      name.endsWith('.gz'),
    );
    const raw = zlib.gunzipSync(readFileSync(path.join(home, data!)));
    const values = new Int16Array(raw.buffer, raw.byteOffset, raw.length / 2);
    return Float32Array.from(values, (value) => value - 1000);
  }

  /** Large folders hold one .tar.xz. */
  function unpacked(): readonly string[] {
    return ['ncct', 'mr_other'].map((data) => {
      const home = path.join(folder, data);
      mkdirSync(home, { recursive: true });
      const archives = run('find', [path.join(sharedData, data), '-name', '*.tar.xz'])
        .output.trim()
        .split('\n');
      for (const archive of archives.filter(Boolean)) run('tar', ['-C', home, '-xJf', archive]);
      return home;
    });
  }

  function asTheyAre(): readonly string[] {
    return ['mr_other', 'tof_mra'].map((data) => path.join(sharedData, data));
  }
});
