import { mkdtempSync, readFileSync, readdirSync, rmSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { deflateRawSync, deflateSync, gzipSync } from 'node:zlib';
import { expect } from 'chai';
import sharp from 'sharp';
import { decodeFrame, part10Header, readInstance } from '../../src/dicom/index.ts';
import { sampleDatasets, sampleFiles, writeDatasets } from '../support/sample.ts';
import { startWebNode, type Answer, type WebClient, type WebNode } from '../support/web-node.ts';

const boundary = 'instance-boundary';
type Attribute = { vr: string; Value?: unknown[]; BulkDataURI?: string };
type Json = Record<string, Attribute>;

function body(parts: readonly Buffer[], type = 'application/dicom'): Buffer {
  const chunks = parts.flatMap((part) => [
    Buffer.from(`--${boundary}\r\nContent-Type: ${type}\r\n\r\n`),
    part,
    Buffer.from('\r\n'),
  ]);
  return Buffer.concat([...chunks, Buffer.from(`--${boundary}--\r\n`)]);
}

describe('DICOMweb', function () {
  this.timeout(60_000);
  const folder = mkdtempSync(path.join(os.tmpdir(), 'willis-dicomweb-'));
  const files = sampleFiles().slice(0, 5);
  const first = readInstance(readFileSync(files[0]!));
  const uid = (keyword: string): string => first.attributes.text(keyword)!;
  const study = `/dicom-web/studies/${uid('StudyInstanceUID')}`;
  const series = `${study}/series/${uid('SeriesInstanceUID')}`;
  const instance = `${series}/instances/${first.sopInstanceUid}`;
  let web: WebNode;
  let admin: WebClient;
  before(async () => {
    web = await startWebNode(folder, { dicom: { host: '127.0.0.1', port: 11_999, maxInstanceMegabytes: 1 } });
    admin = await web.setUpAdmin();
  });
  after(async () => {
    await web[Symbol.asyncDispose]();
    rmSync(folder, { recursive: true, force: true });
  });

  const stow = async (bytes: Buffer, url = '/dicom-web/studies', headers: object = {}): Promise<Answer> =>
    await admin.request('POST', url, {
      body: new Uint8Array(bytes),
      headers: {
        'content-type': `multipart/related; type="application/dicom"; boundary=${boundary}`,
        ...headers,
      },
    });
  const instanceFiles = (): readonly string[] =>
    readdirSync(path.join(folder, 'data', 'instances'), { recursive: true, encoding: 'utf8' }).filter(
      (name) => name.endsWith('.dcm'),
    );
  const binary = async (
    url: string,
    accept: string,
  ): Promise<{ status: number; bytes: Buffer; type: string }> => {
    const headers = { cookie: admin.cookie, 'user-agent': 'test browser', accept };
    const response = await fetch(web.url + url, { headers });
    const bytes = Buffer.from(await response.arrayBuffer());
    return { status: response.status, bytes, type: response.headers.get('content-type') ?? '' };
  };

  it('stores what is sent, durably, and once', async () => {
    const answer = await stow(body(files.map((file) => readFileSync(file))));
    expect(answer.status).to.equal(200);
    const stored = answer.json() as { '00081199': { Value: Json[] } };
    expect(stored['00081199'].Value).to.have.length(5);
    expect(instanceFiles()).to.have.length(5);
    expect((await stow(body([readFileSync(files[0]!)]))).status).to.equal(200);
    expect(instanceFiles()).to.have.length(5);
  });

  it('says of each instance what became of it, and keeps no file of a refused one', async () => {
    const [dataset] = await sampleDatasets();
    const homeless = { ...dataset!, SOPInstanceUID: '2.25.99', StudyInstanceUID: undefined };
    const [broken] = await writeDatasets([homeless], path.join(folder, 'broken'));
    const mixed = await stow(
      body([readFileSync(files[1]!), readFileSync(broken!), Buffer.from('no DICOM at all')]),
    );
    expect(mixed.status).to.equal(202);
    const { '00081199': stored, '00081198': failed } = mixed.json() as Record<string, { Value: Json[] }>;
    expect(stored!.Value).to.have.length(1);
    expect(failed!.Value.map((item) => item['00081197']!.Value![0])).to.deep.equal([0xc000, 0xc000]);
    expect((await stow(body([readFileSync(files[2]!)]), '/dicom-web/studies/1.2.3')).status).to.equal(409);
    expect(instanceFiles()).to.have.length(5);
  });

  it('refuses broken, oversized, packed and foreign bodies, and lives on', async () => {
    const whole = body([readFileSync(files[0]!)]);
    expect((await stow(whole.subarray(0, whole.length - 200))).status).to.equal(400);
    expect((await stow(Buffer.from('no boundary anywhere'))).status).to.equal(400);
    expect((await stow(Buffer.alloc(0))).status).to.be.oneOf([400, 415]);
    const large = Buffer.concat([readFileSync(files[0]!), Buffer.alloc(2_000_000)]);
    expect((await stow(body([large]))).status).to.equal(409);
    const zip = gzipSync(Buffer.alloc(50_000_000));
    expect((await stow(body([zip], 'application/zip'))).status).to.equal(409);
    expect((await stow(zip, '/dicom-web/studies', { 'content-type': 'application/zip' })).status).to.equal(
      415,
    );
    expect(
      (await stow(deflateSync(whole), '/dicom-web/studies', { 'content-encoding': 'deflate' })).status,
    ).to.equal(400);
    expect((await admin.request('GET', '/health')).status).to.equal(200);
    expect(instanceFiles()).to.have.length(5);
  });

  it('inflates no more of a deflated object than its header needs', async () => {
    const meta = part10Header({
      sopClassUid: '1.2.840.10008.5.1.4.1.1.4',
      sopInstanceUid: '2.25.77',
      transferSyntaxUid: '1.2.840.10008.1.2.1.99',
    });
    const element = Buffer.from([0x08, 0x00, 0x05, 0x00, 0x55, 0x54, 0, 0, 0, 0, 0, 0x20]);
    const bomb = deflateRawSync(Buffer.concat([element, Buffer.alloc(512 * 2 ** 20)]), { level: 9 });
    expect(bomb.length).to.be.lessThan(700_000);
    const before = process.memoryUsage().rss;
    expect((await stow(body([Buffer.concat([meta, bomb])]))).status).to.equal(409);
    expect(process.memoryUsage().rss - before).to.be.lessThan(300 * 2 ** 20);
  });

  it('finds studies, series and instances by what DICOM lets one ask', async () => {
    const find = async (query: string): Promise<Json[]> => {
      const answer = await admin.request('GET', `/dicom-web/${query}`);
      expect(answer.status, answer.text).to.be.oneOf([200, 204]);
      return answer.status === 204 ? [] : (answer.json() as Json[]);
    };
    const name = uid('PatientName');
    expect(
      await find(`studies?PatientName=${encodeURIComponent(name.slice(0, 4).toLowerCase())}*`),
    ).to.have.length(1);
    expect(await find('studies?PatientName=nobody*')).to.deep.equal([]);
    expect(await find(`studies?StudyDate=${uid('StudyDate')}-`)).to.have.length(1);
    expect(await find('studies?StudyDate=-19000101')).to.deep.equal([]);
    expect(await find('studies?ModalitiesInStudy=MR')).to.have.length(1);
    expect(await find('studies?ModalitiesInStudy=CT')).to.deep.equal([]);
    expect(await find("studies?PatientID=' OR 1=1 --")).to.deep.equal([]);
    const [one] = await find(`series?Modality=MR&includefield=Manufacturer`);
    expect(one!['00201209']!.Value).to.deep.equal([5]);
    expect(one!['00080070']!.Value).to.deep.equal([uid('Manufacturer')]);
    expect(await find(`instances?SOPInstanceUID=${first.sopInstanceUid}`)).to.have.length(1);
    expect(
      await find(`instances?SeriesInstanceUID=${uid('SeriesInstanceUID')}&limit=2&offset=4`),
    ).to.have.length(1);
    expect((await admin.request('GET', '/dicom-web/studies?NoSuchAttribute=1')).status).to.equal(400);
  });

  it('gives an object back byte for byte', async () => {
    const { status, bytes, type } = await binary(
      instance,
      'multipart/related; type="application/dicom"; transfer-syntax=*',
    );
    expect(status).to.equal(200);
    expect(type).to.match(/^multipart\/related; type="application\/dicom"; boundary=/);
    expect(bytes.indexOf(readFileSync(files[0]!))).to.be.greaterThan(0);
    const single = await binary(instance, 'application/dicom; transfer-syntax=*');
    expect(single.bytes.equals(readFileSync(files[0]!))).to.equal(true);
    const all = await binary(series, 'multipart/related; type="application/dicom"; transfer-syntax=*');
    for (const file of files) expect(all.bytes.indexOf(readFileSync(file))).to.be.greaterThan(0);
    expect(
      (await binary(instance, 'application/dicom; transfer-syntax=1.2.840.10008.1.2.4.90')).status,
    ).to.equal(406);
    expect((await binary(instance, 'text/html')).status).to.equal(406);
    expect((await binary(`${study}/series/1.2.3`, '*/*')).status).to.equal(404);
  });

  it('gives metadata as DICOM JSON, with pixels left to their own address', async () => {
    const [metadata] = await admin.get<Json[]>(`${instance}/metadata`);
    expect(metadata!['00100010']).to.deep.equal({ vr: 'PN', Value: [{ Alphabetic: uid('PatientName') }] });
    expect(metadata!['00280010']).to.deep.equal({ vr: 'US', Value: [first.attributes.number('Rows')] });
    expect(metadata!['00200032']!.Value).to.deep.equal([...first.attributes.numbers('ImagePositionPatient')]);
    expect(metadata!['7FE00010']!.BulkDataURI).to.match(/\/bulkdata\/7FE00010$/);
    expect(metadata).to.not.have.property('00020010');
  });

  it('gives frames as they decode, and pictures to look at', async () => {
    const pixels = await decodeFrame(first, 0);
    const expected = Buffer.from(pixels.data.buffer, pixels.data.byteOffset, pixels.data.byteLength);
    const octets = 'multipart/related; type="application/octet-stream"; transfer-syntax=*';
    expect((await binary(`${instance}/frames/1`, octets)).bytes.indexOf(expected)).to.be.greaterThan(0);
    expect((await binary(`${instance}/bulkdata/7FE00010`, octets)).bytes.indexOf(expected)).to.be.greaterThan(
      0,
    );
    expect((await binary(`${instance}/frames/2`, octets)).status).to.equal(404);
    for (const [accept, format] of [
      ['image/png', 'png'],
      ['image/jpeg', 'jpeg'],
    ] as const) {
      const { bytes } = await binary(`${instance}/rendered?viewport=128,128&window=500,1000`, accept);
      const { width, format: made } = await sharp(bytes).metadata();
      expect([width, made]).to.deep.equal([128, format]);
    }
  });
});
