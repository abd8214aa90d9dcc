import { cpSync, existsSync, mkdtempSync, readdirSync, rmSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import SqliteDatabase from 'better-sqlite3';
import { expect } from 'chai';
import { freePort, startNodeProcess, untilTrue, type NodeProcess } from '../test/support/node-process.ts';
import { sampleFolder, sampleFiles } from '../test/support/sample.ts';
import { sendFiles } from '../test/support/study.ts';
import { startOrthanc } from './support/orthanc.ts';
import { needs, run } from './support/tools.ts';

const dicomWebPlugin = '/usr/share/orthanc/plugins/libOrthancDicomWeb.so';

describe('earlier studies, fetched from Orthanc', function () {
  this.timeout(180_000);
  const folder = mkdtempSync(path.join(os.tmpdir(), 'willis-priors-'));
  after(() => rmSync(folder, { recursive: true, force: true }));
  before(function () {
    needs(this, 'Orthanc', 'dcmodify', 'storescu');
    if (existsSync(dicomWebPlugin)) return;
    if (process.env['CI'] === 'true') throw new Error(`CI must have ${dicomWebPlugin}`);
    console.log(`      skipped: ${dicomWebPlugin} not installed`);
    this.skip();
  });

  for (const type of ['dicom', 'dicomweb'] as const) {
    it(`by ${type === 'dicom' ? 'C-FIND and C-MOVE' : 'QIDO-RS and WADO-RS'}: kept, never analysed, never sent on; the analysis ends all the same`, async () => {
      const home = path.join(folder, type);
      const port = await freePort();
      await using orthanc = await startOrthanc(path.join(home, 'orthanc'), {
        Plugins: [dicomWebPlugin],
        DicomWeb: { Enable: true, Root: '/dicom-web/' },
        DicomModalities: { willis: { AET: 'WILLIS', Host: '127.0.0.1', Port: port } },
      });
      const old = earlierStudy(path.join(home, 'old'));
      run('storescu', ['--propose-jls-lossless', '-aec', 'ORTHANC', '127.0.0.1', String(orthanc.dicomPort), '+sd', old]);
      const pacs = { name: 'pacs', aeTitle: 'ORTHANC', host: '127.0.0.1', port: orthanc.dicomPort };
      const source =
        type === 'dicom'
          ? { aeTitle: 'ORTHANC', host: '127.0.0.1', port: orthanc.dicomPort }
          : { type, url: `http://127.0.0.1:${orthanc.httpPort}/dicom-web` };
      await using node = await startNodeProcess(home, {
        port,
        destinations: [pacs],
        priors: { source },
      });
      await sendFiles(sampleFiles(), node.port);
      await untilTrue(
        () =>
          /earlier studies looked for/.test(node.log()) &&
          /results stored by the destination/.test(node.log()),
        120_000,
        () => node.log().slice(-3000),
      );
      expect(node.log()).to.match(/"failed":0.*"studies":1|"studies":1.*"failed":0/);
      expect(
        rows(
          node,
          'SELECT origin, state, reason_code, (SELECT count(*) FROM instance WHERE series_id = series.id) AS instances FROM series ORDER BY origin',
        ),
      ).to.deep.equal([
        { origin: 'prior', state: 'not-analysed', reason_code: 'PRIOR_STUDY', instances: 4 },
        { origin: 'routed', state: 'findings', reason_code: null, instances: 90 },
      ]);
      expect(rows(node, 'SELECT count(*) AS analyses FROM analysis')).to.deep.equal([{ analyses: 1 }]);
      expect(
        rows(node, "SELECT count(*) AS jobs FROM job WHERE kind = 'assemble' AND key = 'assemble:2'"),
      ).to.deep.equal([{ jobs: 0 }]);

      // somebody routes the earlier study to the node after all: it is judged like any other
      await sendFiles(
        readdirSync(old).map((name) => path.join(old, name)),
        node.port,
      );
      await untilTrue(
        () =>
          rows(node, "SELECT * FROM series WHERE origin = 'prior'").length === 0 &&
          /"code":"(?!PRIOR)[A-Z_]+"/.test(node.log()),
        60_000,
        () => node.log().slice(-3000),
      );
    });
  }
});

/** Four slices of the sample as a study of the same patient a year before. */
function earlierStudy(folder: string): string {
  cpSync(sampleFolder, folder, {
    recursive: true,
    filter: (name) => name === sampleFolder || /000[1-4]\.dcm$/.test(name),
  });
  const files = readdirSync(folder).map((name) => path.join(folder, name));
  const { status, output } = run('dcmodify', [
    ...['-nb', '-gin', '-m', 'StudyInstanceUID=2.25.77', '-m', 'SeriesInstanceUID=2.25.78'],
    ...[
      '-i',
      `StudyDate=${new Date(Date.now() - 365 * 86_400_000).toISOString().slice(0, 10).replaceAll('-', '')}`,
    ],
    ...files,
  ]);
  if (status !== 0) throw new Error(output);
  return folder;
}

function rows(node: NodeProcess, query: string): readonly unknown[] {
  const database = new SqliteDatabase(path.join(node.dataDir, 'index.sqlite'), { readonly: true });
  const found = database.prepare(query).all();
  database.close();
  return found;
}
