import { mkdtempSync, rmSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { expect } from 'chai';
import { sampleFolder } from '../test/support/sample.ts';
import { startWebNode, type WebClient, type WebNode } from '../test/support/web-node.ts';
import { needs, pythonPath, runBeside } from './support/tools.ts';

describe('DICOMweb as dicomweb-client and pydicom see it', function () {
  this.timeout(300_000);
  const folder = mkdtempSync(path.join(os.tmpdir(), 'willis-dicomweb-client-'));
  let web: WebNode | undefined;
  before(async function () {
    needs(this, 'python');
    web = await startWebNode(folder);
  });
  after(async () => {
    await web?.[Symbol.asyncDispose]();
    rmSync(folder, { recursive: true, force: true });
  });

  const token = async (admin: WebClient, scope: string): Promise<string> => {
    const answer = await admin.request('POST', '/api/tokens', { body: { name: scope, scope } });
    return (answer.json() as { token: string }).token;
  };

  it('a series goes in by STOW-RS and comes out by QIDO-RS and WADO-RS as it went in', async () => {
    const admin = web!.client();
    await admin.setUp(web!.setupCode);
    const script = path.join(import.meta.dirname, 'python', 'dicomweb.py');
    const tokens = [await token(admin, 'store'), await token(admin, 'read')];
    const { status, output } = await runBeside(pythonPath, [script, web!.url, ...tokens, sampleFolder]);
    expect(status, output).to.equal(0);
    expect(output).to.contain('90 instances stored, found, read back and decoded alike');
  });
});
