import { createHash } from 'node:crypto';
import { existsSync, mkdtempSync, readdirSync, rmSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { expect } from 'chai';
import { shippedBundles } from '../../src/node.ts';
import type { Bundle, Rules } from '../../src/web/contract.ts';
import { changed, exported, type BundleFiles } from '../support/exported-bundle.ts';
import { untilTrue } from '../support/node-process.ts';
import { shippedName } from '../support/shipped-name.ts';
import { startWebNode, type Answer, type WebClient, type WebNode } from '../support/web-node.ts';
import { zipOf } from '../support/zip.ts';

/** Another network under the digest that the manifest names. */
function withNetwork(files: BundleFiles, network: Buffer): BundleFiles {
  const sha256 = createHash('sha256').update(network).digest('hex');
  const renamed = changed(
    files,
    (manifest) => ((manifest['network'] as Record<string, string>)['sha256'] = sha256),
  );
  return { ...renamed, 'model.onnx': network };
}

/** ModelProto.opset_import (field 8) of the ONNX format stands last in what the kit writes. */
function withOpset(network: Buffer, opset: number): Buffer {
  const at = network.lastIndexOf(Buffer.from([0x42, 0x02, 0x10]));
  const copy = Buffer.from(network);
  copy[at + 3] = opset;
  return copy;
}

/** The largest initialiser lies in the middle: other weights, of the same form. */
function withOtherWeights(network: Buffer): Buffer {
  const copy = Buffer.from(network);
  for (let at = 200_000; at < 230_000; at += 2) copy[at] = 0;
  return copy;
}

describe('bundles on the page', function () {
  this.timeout(480_000);
  const folder = mkdtempSync(path.join(os.tmpdir(), 'willis-bundles-'));
  let web: WebNode;
  let admin: WebClient;

  before(async () => {
    web = await startWebNode(folder);
    admin = await web.setUpAdmin();
  });
  after(async () => {
    await web[Symbol.asyncDispose]();
    rmSync(folder, { recursive: true, force: true });
  });

  const upload = async (files: BundleFiles, around = ''): Promise<Answer> => {
    const entries = Object.entries(files).map(([name, bytes]) => ({ name: around + name, bytes }));
    return await send(zipOf(entries));
  };
  const send = async (bytes: Buffer): Promise<Answer> =>
    await admin.request('POST', '/api/bundles', {
      body: new Uint8Array(bytes),
      headers: { 'content-type': 'application/zip' },
    });
  const cards = async (): Promise<readonly Bundle[]> => await admin.get<Bundle[]>('/api/bundles');
  const serving = async (bundle: string | null): Promise<Answer> => {
    const { settingsSha256 } = await admin.get<Rules>('/api/rules');
    const body = { settingsSha256, pipeline: 'tof-patch', bundle };
    return await admin.request('PUT', '/api/bundles/serving', { body });
  };

  it('a sound one is kept beside the shipped one, serves only when it is chosen, and goes when it is not needed', async () => {
    const pictured = { ...exported('9.1.0'), 'volume.png': Buffer.from('a picture of its card') };
    const answer = await upload(pictured, 'tof-patch/');
    expect(answer.status, answer.text).to.equal(201);
    const users = async (): Promise<Record<string, readonly string[]>> =>
      Object.fromEntries(
        (await cards())
          .filter(({ pipeline }) => pipeline === 'tof-patch')
          .map(({ name, usedByRules }) => [name, usedByRules]),
      );
    const rule = ['TOF-MRA of the head'];
    expect(await users()).to.deep.equal({ [shippedName('tof-patch')]: rule, 'tof-patch-phantom@9.1.0': [] });
    expect((await serving('tof-patch-phantom@9.1.0')).status).to.equal(204);
    expect(await users()).to.deep.equal({ [shippedName('tof-patch')]: [], 'tof-patch-phantom@9.1.0': rule });
    const { restartNeeded } = await admin.get<{ restartNeeded: string[] }>('/api/overview');
    expect(restartNeeded).to.deep.equal([]);
    expect((await admin.request('DELETE', '/api/bundles/tof-patch-phantom@9.1.0')).status).to.equal(409);
    expect((await serving(null)).status).to.equal(204);
    expect((await admin.request('DELETE', '/api/bundles/tof-patch-phantom@9.1.0')).status).to.equal(204);
    expect(await users()).to.deep.equal({ [shippedName('tof-patch')]: rule });
    const audit = await admin.get<{ action: string; object: string }[]>('/api/audit');
    expect(audit.map(({ action, object }) => `${action} ${object}`)).to.include.members([
      'bundle added tof-patch-phantom@9.1.0',
      'bundle chosen tof-patch: tof-patch-phantom@9.1.0',
      'bundle removed tof-patch-phantom@9.1.0',
    ]);
  });

  it('a rule names bundle and version; a name that nobody has is refused with those there are', async () => {
    const { settingsSha256, rules } = await admin.get<Rules>('/api/rules');
    const put = async (bundle: string): Promise<Answer> =>
      await admin.request('PUT', '/api/rules', {
        body: { settingsSha256, rules: rules.map((rule, at) => (at === 0 ? { ...rule, bundle } : rule)) },
      });
    const refused = await put('tof-patch-phantom@7.7.7');
    expect(refused.status).to.equal(422);
    expect(refused.text)
      .to.match(/BUNDLE_MISSING.*tof-patch-phantom@7\.7\.7/)
      .and.to.include(shippedName('tof-patch'));
    expect((await put(shippedName('cta-resnet'))).status).to.equal(422);
    expect((await put(shippedName('tof-patch'))).status).to.equal(204);
  });

  it('the self-test tells of every shipped one that its golden vectors come out here, and what the phantoms show', async () => {
    expect((await admin.request('POST', '/api/operations/selfTest/run')).status).to.equal(202);
    const tested = async (): Promise<readonly Bundle[]> =>
      (await cards()).filter(({ selfTest }) => selfTest !== null);
    await untilTrue(
      async () => (await tested()).length === 4,
      440_000,
      () => 'the self-test did not end',
    );
    const lines = Object.fromEntries(
      (await tested()).map(({ pipeline, selfTest }) => [pipeline, selfTest!.lines.join()]),
    );
    for (const said of Object.values(lines)) expect(said).to.match(/golden vectors within 0\.00/);
    expect(lines['tof-patch']).to.match(/on tof-phantom: all known findings found/);
    expect(lines['ncct-haemorrhage']).to.match(/on ncct-phantom: all known findings found/);
  });

  it('the shipped ones cannot be removed', async () => {
    expect((await admin.request('DELETE', `/api/bundles/${shippedName('tof-coarse-fine')}`)).status).to.equal(
      404,
    );
    expect((await admin.request('DELETE', '/api/bundles/..%2f..%2fwillis.json')).status).to.equal(404);
    expect(existsSync(path.join(shippedBundles, 'tof-coarse-fine', 'model.json'))).to.equal(true);
  });

  describe('is refused by name, and leaves nothing behind,', () => {
    const sound = exported('9.2.0');
    const golden = JSON.parse(sound['golden/golden.json']!.toString()) as {
      candidates: { probability: number }[];
    };
    const { 'golden/volume.raw': _left, ...withoutGolden } = sound;
    golden.candidates[0]!.probability -= 0.05;
    const wrong: Readonly<Record<string, readonly [BundleFiles, RegExp]>> = {
      'one whose network is not the one of its manifest': [
        { ...sound, 'model.onnx': withOtherWeights(sound['model.onnx']!) },
        /model\.onnx is not the file the manifest names/,
      ],
      'one with other weights than its golden vectors': [
        withNetwork(sound, withOtherWeights(sound['model.onnx']!)),
        /golden vectors is .* away|refused/,
      ],
      'one with other golden probabilities': [
        { ...sound, 'golden/golden.json': Buffer.from(JSON.stringify(golden)) },
        /golden vectors is 0\.05\d\d away/,
      ],
      'one without golden vectors': [withoutGolden, /golden vectors .* cannot be read/],
      'one for an opset that nobody knows': [
        withNetwork(sound, withOpset(sound['model.onnx']!, 99)),
        /opset/i,
      ],
      'one whose network is no network': [
        withNetwork(sound, Buffer.from('no network')),
        /could not|could load|No execution provider/,
      ],
      'one of a pipeline that does not exist': [
        changed(sound, (manifest) => (manifest['pipeline'] = 'tof-magic')),
        /model\.json: pipeline/,
      ],
      'one with a program in it': [{ ...sound, 'run.sh': Buffer.from('echo') }, /archive holds "run\.sh"/],
      'one with two manifests': [
        { ...sound, 'other/model.json': sound['model.json']! },
        /holds model\.json twice/,
      ],
      'one with a file two folders down': [
        { ...sound, 'a/b/model.onnx': Buffer.from('x') },
        /archive holds "a\/b/,
      ],
    };
    for (const [what, [files, why]] of Object.entries(wrong))
      it(what, async () => {
        const answer = await upload(files);
        expect(answer.status, answer.text).to.equal(422);
        expect(answer.json()).to.deep.include({ code: 'BUNDLE_INVALID' });
        expect((answer.json() as { message: string }).message).to.match(why);
        expect(answer.text).to.not.contain(folder);
      });

    it('one that climbs out of its folder, one that is no archive, and one that another has the name of', async () => {
      expect((await upload({ '../../willis.json': Buffer.from('{}') })).status).to.equal(400);
      expect((await send(Buffer.from('PK\x03\x04 and no more'))).status).to.equal(400);
      expect((await admin.request('POST', '/api/bundles', { body: {} })).status).to.equal(415);
      expect((await upload(exported(shippedName('tof-patch').split('@')[1]!))).status).to.equal(409);
    });

    it('a bomb', async () => {
      const zeros = { name: 'model.onnx', bytes: Buffer.alloc(100_000_000) };
      const many = Array.from({ length: 300 }, (_, index) => ({
        name: `${index}.md`,
        bytes: Buffer.from('x'),
      }));
      expect((await send(zipOf(many))).status).to.equal(413);
      expect((await send(zipOf([{ ...zeros, claimedBytes: 10 }]))).status).to.equal(400);
    });

    after(async () => {
      expect(readdirSync(path.join(folder, 'data', 'bundles'))).to.deep.equal([]);
      expect(existsSync(path.join(folder, 'data', 'bundles.draft'))).to.equal(false);
      expect((await cards()).filter(({ isUploaded }) => isUploaded)).to.deep.equal([]);
    });
  });
});
