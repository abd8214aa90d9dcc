import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { expect } from 'chai';
import { openFiles } from '../../src/archive/index.ts';
import { encodeDataset, readHeader, type Dataset } from '../../src/dicom/index.ts';
import { findPriors } from '../../src/priors/fetch.ts';

const explicit = '1.2.840.10008.1.2.1';

interface Study {
  readonly uid: string;
  readonly patientId?: string;
  readonly date?: string;
  readonly modalities?: readonly string[];
}

describe('earlier studies of a patient', () => {
  const current = {
    PatientID: 'P*1',
    StudyInstanceUID: '1.9',
    StudyDate: '20260510',
    Modality: 'MR',
  };

  async function found(
    studies: readonly Study[],
    of: Dataset = current,
  ): Promise<{ uids: readonly string[]; asked: readonly string[] }> {
    const asked: string[] = [];
    const server = createServer((request, reply) => {
      asked.push(request.url ?? '');
      reply
        .writeHead(200, { 'content-type': 'application/dicom+json' })
        .end(JSON.stringify(studies.map(json)));
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const { port } = server.address() as AddressInfo;
    const options = {
      source: { type: 'dicomweb', url: `http://127.0.0.1:${port}`, headers: {} } as const,
      ...{ maxStudies: 2, lookbackDays: 365, aeTitle: 'WILLIS' },
      files: openFiles('.', () => new Date()),
      now: () => Date.UTC(2026, 4, 11),
      take: async () => await Promise.resolve(),
      onSettled: async () => await Promise.resolve(),
      onFetched: () => undefined,
    };
    const uids = await findPriors(options, readHeader(encodeDataset(of), explicit, true));
    await new Promise((resolve) => server.close(resolve));
    return { uids, asked };
  }

  it('are the newest of this very patient and modality, before this study', async () => {
    const { uids, asked } = await found([
      { uid: '1.1', date: '20250601' },
      { uid: '1.2', date: '20260101' },
      { uid: '1.3', date: '20251224' },
      { uid: '1.4', date: '20260511' },
      { uid: '1.5', date: '20260102', modalities: ['CT'] },
      { uid: '1.6', date: '20260103', patientId: 'P21' },
      { uid: '1.7', date: '' },
      { uid: '1.9', date: '20260510' },
    ]);
    expect(uids).to.deep.equal(['1.2', '1.3']);
    expect(asked[0]).to.match(/^\/studies\?PatientID=P\*1&StudyDate=20250511-20260511&/);
  });

  it('are not looked for where the patient has no Patient ID', async () => {
    const { uids, asked } = await found([{ uid: '1.1', patientId: '' }], { ...current, PatientID: '' });
    expect(uids).to.deep.equal([]);
    expect(asked).to.deep.equal([]);
  });
});

function json({ uid, patientId = 'P*1', date = '20260101', modalities = ['MR'] }: Study): object {
  return {
    '00100020': { vr: 'LO', Value: [patientId] },
    '0020000D': { vr: 'UI', Value: [uid] },
    '00080020': { vr: 'DA', Value: [date] },
    '00080061': { vr: 'CS', Value: modalities },
  };
}
