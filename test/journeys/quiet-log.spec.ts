import { mkdtempSync, rmSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { expect } from 'chai';
import { startNodeProcess, untilTrue } from '../support/node-process.ts';
import { sampleDatasets, writeDatasets } from '../support/sample.ts';
import { sendFiles } from '../support/study.ts';

describe('journey: the log of a whole study', function () {
  this.timeout(60_000);
  const folder = mkdtempSync(path.join(os.tmpdir(), 'willis-quiet-'));
  after(() => rmSync(folder, { recursive: true, force: true }));

  it('holds no name, id, birth date or UID of the patient', async () => {
    await using node = await startNodeProcess(folder, {});
    const secrets = {
      PatientName: 'Zebedee^Quentin',
      PatientID: 'SECRET-4711',
      PatientBirthDate: '19330303',
      AccessionNumber: 'ACC-0815',
    };
    const slices = await sampleDatasets();
    await sendFiles(
      await writeDatasets(
        slices.map((slice) => ({ ...slice, ...secrets })),
        path.join(folder, 'in'),
      ),
      node.port,
    );
    const broken = slices
      .slice(0, 1)
      .map((slice) => ({ ...slice, ...secrets, SeriesInstanceUID: undefined, SOPInstanceUID: '2.25.1' }));
    await sendFiles(await writeDatasets(broken, path.join(folder, 'broken')), node.port);
    await untilTrue(
      () => node.log().includes('series analysed'),
      40_000,
      () => node.log(),
    );
    for (const secret of ['Zebedee', 'Quentin', 'SECRET', '19330303', 'ACC-0815', '2.25.'])
      expect(node.log()).to.not.include(secret);
  });
});
