import { mkdtempSync, rmSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import SqliteDatabase from 'better-sqlite3';
import { expect } from 'chai';
import { readHeader } from '../../src/dicom/index.ts';
import { startNodeProcess, untilTrue } from '../support/node-process.ts';
import { startPickyPacs, type StoredObject } from '../support/picky-pacs.ts';
import { sampleFiles } from '../support/sample.ts';
import { sendFiles } from '../support/study.ts';

const secondaryCapture = '1.2.840.10008.5.1.4.1.1.7';
const basicText = '1.2.840.10008.5.1.4.1.1.88.11';
const implicit = '1.2.840.10008.1.2';
const wanted = ['summary', 'heatmap-multiframe', 'sr', 'seg', 'parametric-map'];

describe('journey: an old PACS and a new one', function () {
  this.timeout(240_000);
  const folder = mkdtempSync(path.join(os.tmpdir(), 'willis-old-pacs-'));
  after(() => rmSync(folder, { recursive: true, force: true }));

  it('each gets what it can show: the old one grey pictures and a text report in Implicit VR, the new one all that was wanted', async () => {
    const colour = ({
      dataset,
      transferSyntaxUid,
    }: Pick<StoredObject, 'dataset' | 'transferSyntaxUid'>): boolean =>
      readHeader(dataset, transferSyntaxUid, true).number('SamplesPerPixel') === 3;
    using old = await startPickyPacs({
      accepts: (sopClass, syntax) => [secondaryCapture, basicText].includes(sopClass) && syntax === implicit,
      status: (_class, transferSyntaxUid, dataset) => (colour({ dataset, transferSyntaxUid }) ? 0xa900 : 0),
    });
    using modern = await startPickyPacs({});
    const common = { aeTitle: 'PACS', host: '127.0.0.1', results: wanted, firstRetrySeconds: 0.5 };
    const destinations = [
      { name: 'old', port: old.port, compression: 'jpeg-2000', ...common },
      { name: 'new', port: modern.port, compression: 'jpeg-ls', ...common },
    ];
    await using node = await startNodeProcess(folder, { destinations });
    await sendFiles(sampleFiles(), node.port);
    await untilTrue(
      () => node.log().match(/results stored by the destination/g)?.length === 2,
      200_000,
      () => node.log().slice(-4000),
    );

    expect(kindsAt(node.dataDir, 'new')).to.deep.equal([...wanted].sort());
    expect(kindsAt(node.dataDir, 'old')).to.deep.equal(['heatmap-grey', 'sr-basic-text', 'summary-grey']);
    expect(new Set(old.stored.map((one) => one.transferSyntaxUid))).to.deep.equal(new Set([implicit]));
    expect(old.stored.some(colour)).to.equal(false);
    const log = node.log();
    for (const [kind, instead] of [
      ['sr', 'sr-comprehensive'],
      ['sr-comprehensive', 'sr-basic-text'],
      ['summary', 'summary-grey'],
      ['heatmap-multiframe', 'heatmap'],
      ['heatmap', 'heatmap-grey'],
      ['seg', 'heatmap'],
    ])
      expect(log).to.include(`does not take \\"${kind}\\", \\"${instead}\\" is sent instead`);
    expect(log).to.match(/"destination":"old".*the destination does not take the compression/);
  });
});

function kindsAt(dataDir: string, destination: string): readonly string[] {
  const database = new SqliteDatabase(path.join(dataDir, 'index.sqlite'), { readonly: true });
  const rows = database
    .prepare(
      'SELECT DISTINCT kind FROM delivered JOIN result ON result.id = result_id WHERE destination = ? ORDER BY kind',
    )
    .all(destination) as { kind: string }[];
  database.close();
  return rows.map(({ kind }) => kind);
}
