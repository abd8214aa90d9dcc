import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { expect } from 'chai';
import { decodeFrame, readInstance } from '../src/dicom/index.ts';
import { filesBelow, sharedData } from '../test/support/shared-data.ts';
import { needs, run } from './support/tools.ts';

describe('lossy JPEG, 8 and 12 bits: the same pixels as DCMTK', function () {
  this.timeout(60_000);
  const folder = mkdtempSync(path.join(os.tmpdir(), 'willis-jpeg-'));
  before(function () {
    needs(this, 'dcmdjpeg');
    if (existsSync(sharedData)) return;
    console.log('      skipped: the shared test images are not here (WILLIS_SHARED_DATA)');
    this.skip();
  });
  after(() => rmSync(folder, { recursive: true, force: true }));

  for (const syntax of [
    '1.2.840.10008.1.2.4.50',
    '1.2.840.10008.1.2.4.51',
    '1.2.840.10008.1.2.4.53',
    '1.2.840.10008.1.2.4.55',
  ]) {
    it(syntax, async () => {
      const images = filesBelow('dicom_conformance/cornerstone3D_ct_transfer_syntaxes');
      const file = images.find((name) => name.endsWith(`${syntax}.dcm`))!;
      const plain = path.join(folder, `${syntax}.dcm`);
      expect(run('dcmdjpeg', [file, plain]).status).to.equal(0);
      const [ours, theirs] = await Promise.all(
        [file, plain].map(async (name) => await decodeFrame(readInstance(readFileSync(name)), 0)),
      );
      expect(ours!.data.length).to.equal(512 * 512);
      expect(ours!.data.every((value, index) => value === theirs!.data[index])).to.equal(true);
    });
  }
});
