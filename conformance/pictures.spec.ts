import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { expect } from 'chai';
import { part10Header, readInstance, type Attributes } from '../src/dicom/index.ts';
import type { SeriesFindings } from '../src/findings/index.ts';
import type { SliceProbabilities } from '../src/pipelines/index.ts';
import { buildResults, type ResultInput, type ResultKind } from '../src/results/index.ts';
import { attributesOf, madeInput, stateOf } from '../test/support/picture-input.ts';
import { sendFiles } from '../test/support/study.ts';
import { startOrthanc } from './support/orthanc.ts';
import { needs, run } from './support/tools.ts';

const allKinds: readonly ResultKind[] = [
  'summary',
  'summary-grey',
  'heatmap',
  'heatmap-grey',
  'heatmap-multiframe',
  'cine',
  'key-views',
  'curve',
  'pdf',
];

interface Written {
  readonly kind: ResultKind;
  readonly file: string;
  readonly attributes: Attributes;
}

describe('pictures before independent judges', function () {
  this.timeout(300_000);
  const folder = mkdtempSync(path.join(os.tmpdir(), 'willis-pictures-'));
  after(() => rmSync(folder, { recursive: true, force: true }));

  async function write(name: string, input: ResultInput, kinds = allKinds): Promise<readonly Written[]> {
    const written: Written[] = [];
    for await (const result of buildResults(input, kinds)) {
      const bytes = Buffer.concat([part10Header(result), result.dataset]);
      const file = path.join(folder, `${name}-${written.length}.dcm`);
      writeFileSync(file, bytes);
      written.push({ kind: result.kind, file, attributes: readInstance(bytes).attributes });
    }
    return written;
  }

  /** The first object of each kind: the frames of a heatmap differ only in place and pixels. */
  function judge(written: readonly Written[]): readonly ResultKind[] {
    const kinds = [...new Set(written.map(({ kind }) => kind))];
    for (const kind of kinds) {
      const { file } = written.find((one) => one.kind === kind)!;
      const { output } = run('dciodvfy', [file]);
      const errors = output.split('\n').filter((line) => line.startsWith('Error'));
      expect(errors, `${kind}\n${output}`).to.deep.equal([]);
    }
    return kinds;
  }

  const curves: readonly SliceProbabilities[] = (['any', 'subdural'] as const).map((name) => ({
    class: name,
    values: Array.from({ length: 60 }, (_, slice) => Math.exp(-(((slice - 30) / 8) ** 2))),
  }));

  it('findings: every kind is made, and valid', async function () {
    needs(this, 'dciodvfy');
    const made = madeInput([
      [-10, 5, 3],
      [20, -5, 8],
    ]);
    const input = { ...made, output: { ...made.output!, sliceProbabilities: curves } };
    expect(judge(await write('findings', input))).to.have.members([...allKinds]);
  });

  it('no findings, not analysed, superseding, odd patients, other languages: valid', async function () {
    needs(this, 'dciodvfy');
    const few: readonly ResultKind[] = ['summary', 'summary-grey', 'pdf'];
    const refused = {
      ...stateOf([]),
      state: 'not-analysed',
      reason: { code: 'SLICE_GAP', text: 'A slice is missing.' },
      findings: [],
    } as unknown as SeriesFindings;
    const odd = attributesOf({
      PatientName: '',
      PatientID: 'P'.repeat(64),
      StudyDate: '',
      SeriesDescription: 'W'.repeat(64),
    });
    const made = madeInput([]);
    const supersedes = { reports: [] };
    judge(await write('none', made, few));
    judge(await write('odd', { ...madeInput([], { attributes: odd }), language: 'de' }, few));
    judge(await write('late', { ...made, identity: { ...made.identity, supersedes } }, few));
    judge(await write('refused', { ...made, findings: refused, output: null, volume: null }, allKinds));
  });

  it('not analysed: nothing but summaries and document', async () => {
    const made = madeInput([]);
    const written = await write('nothing', { ...made, output: null, volume: null });
    expect(written.map(({ kind }) => kind)).to.deep.equal(['summary', 'summary-grey', 'pdf']);
  });

  it('a report points at the frame of the multi-frame heatmap that explains its finding', async function () {
    needs(this, 'dciodvfy', 'dcmdump');
    const written = await write('explained', madeInput([[-10, 5, 3]]), ['sr', 'heatmap-multiframe']);
    judge(written);
    const [report, heatmap] = [written[0]!, written[1]!];
    const dump = run('dcmdump', [report.file]).output;
    const reference = dump.slice(dump.lastIndexOf(heatmap.attributes.text('SOPInstanceUID')!));
    expect(reference.slice(0, 400))
      .to.match(/ReferencedFrameNumber/)
      .and.match(/IS \[34\]/);
  });

  it('a PACS takes every kind by C-STORE, draws every picture and hands out the document', async function () {
    needs(this, 'Orthanc');
    const made = madeInput([[-10, 5, 3]]);
    const input = { ...made, output: { ...made.output!, sliceProbabilities: curves } };
    const written = (await write('pacs', input)).filter(
      ({ kind }, index, all) => all.findIndex((one) => one.kind === kind) === index,
    );
    await using orthanc = await startOrthanc(path.join(folder, 'orthanc'));
    const outcomes = await sendFiles(
      written.map(({ file }) => file),
      orthanc.dicomPort,
    );
    expect(outcomes.map(({ kind }) => kind)).to.deep.equal(written.map(() => 'stored'));
    for (const id of (await orthanc.get('/instances')) as readonly string[]) {
      const tags = (await orthanc.get(`/instances/${id}/simplified-tags`)) as Record<string, string>;
      const frames = Number(tags['NumberOfFrames'] ?? 1);
      const isDocument = tags['Modality'] === 'DOC';
      const place = isDocument ? 'pdf' : `frames/${frames - 1}/preview`;
      const { status, type } = await orthanc.head(`/instances/${id}/${place}`);
      expect(status, tags['SeriesDescription']).to.equal(200);
      expect(type).to.equal(isDocument ? 'application/pdf' : 'image/png');
    }
  });

  it('the frames of a multi-frame heatmap lie where the source slices lie', async function () {
    needs(this, 'dcmdump');
    const input = madeInput([[-10, 5, 3]]);
    const [heatmap] = await write('frames', input, ['heatmap-multiframe']);
    const positions = run('dcmdump', ['+P', '0020,0032', heatmap!.file]).output;
    const told = [...positions.matchAll(/DS \[([^\]]+)\]/g)].map((match) =>
      match[1]!.split('\\').map(Number),
    );
    expect(told).to.deep.equal(input.source.frames.map((frame) => [...frame.imagePositionPatient]));
    const pointer = run('dcmdump', ['+P', '0028,0009', heatmap!.file]).output;
    expect(pointer).to.match(/\(0018,2005\)/);
    const referenced = run('dcmdump', ['+P', '0008,1155', heatmap!.file]).output;
    expect([...referenced.matchAll(/UI \[([^\]]+)\]/g)].map((match) => match[1])).to.include.members(
      input.source.frames.map(({ sopInstanceUid }) => sopInstanceUid),
    );
  });

  it('the document opens in another program, with text and embedded fonts, and names the patient', async function () {
    needs(this, 'pdftotext', 'pdffonts', 'pdfinfo');
    const attributes = attributesOf({ PatientName: 'Doe^Jane', PatientID: 'P'.repeat(64) });
    const [written] = await write('pdf', madeInput([[-10, 5, 3]], { attributes }), ['pdf']);
    const file = path.join(folder, 'document.pdf');
    const length = written!.attributes.number('EncapsulatedDocumentLength')!;
    const bytes = written!.attributes.raw('EncapsulatedDocument')!.bytes;
    writeFileSync(file, bytes.subarray(0, length));
    const text = run('pdftotext', ['-layout', file, '-']).output;
    expect(text)
      .to.include('Patient: Doe, Jane')
      .and.include('P'.repeat(64))
      .and.include('1 FINDING: suspected aneurysm')
      .and.include('NOT FOR CLINICAL USE')
      .and.include('Page 2 of 2');
    const fonts = run('pdffonts', [file]).output.trim().split('\n').slice(2);
    expect(fonts).to.have.length(2);
    for (const font of fonts) expect(font).to.match(/DejaVuSans.* yes yes yes /);
    expect(run('pdfinfo', [file]).output)
      .to.match(/Pages:\s+2/)
      .and.match(/Metadata Stream:\s+yes/);
  });
});
