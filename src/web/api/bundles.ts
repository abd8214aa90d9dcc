import path from 'node:path';
import type { Readable } from 'node:stream';
import { z } from 'zod';
import { dailyScores, type DailyScore } from '../../archive/index.ts';
import { WillisError } from '../../errors.ts';
import { bundleName, networkInputOf, parametersOf } from '../../inference/index.ts';
import type { App } from '../app.ts';
import { record } from '../audit.ts';
import { unpackBundle } from '../bundles/upload.ts';
import { bundle, type Bundle } from '../contract.ts';
import type { NodeAccess, ShelvedBundle } from '../options.ts';
import { changeSettings, section, seenSettings as settingsSha256 } from '../settings.ts';

const admin = { access: 'admin' } as const;

/** The cards of the bundles: what each was trained on, how it was measured, who uses it; those that were refused; and new ones. */
export function bundleRoutes(app: App, node: NodeAccess): void {
  const schema = { response: { 200: z.array(bundle) } };
  app.get('/api/bundles', { config: { access: 'read' }, schema }, async () => {
    const scores = await dailyScores(node.database, node.now() - shownDays * 86_400_000);
    const known = { scores, rules: node.bundles.ofRules(), selfTest: await newestSelfTest(node) };
    return (await node.bundles.list()).map((one) => card(one, known));
  });
  uploadRoute(app, node);

  const named = { config: admin, schema: { params: z.object({ name: z.string().max(200) }) } } as const;
  app.delete('/api/bundles/:name', named, async (request, reply) => {
    const { name } = request.params;
    await requireUnused(node, name);
    await node.bundles.remove(name);
    await record(node, request, { action: 'bundle removed', object: name });
    return await reply.status(204).send();
  });

  const pipeline = z.string().max(64);
  const body = z.strictObject({ settingsSha256, pipeline, bundle: z.string().max(100).nullable() });
  app.put('/api/bundles/serving', { config: admin, schema: { body } }, async (request, reply) => {
    const { pipeline: id, bundle: wanted } = request.body;
    await changeSettings(node, request, request.body.settingsSha256, {
      action: 'bundle chosen',
      object: `${id}: ${wanted ?? 'the first of the folder'}`,
      make: (value) => {
        const inference = section(value, 'inference');
        const others = Object.entries(section(inference, 'bundles')).filter(([key]) => key !== id);
        const bundles = Object.fromEntries(wanted === null ? others : [...others, [id, wanted]]);
        return { ...value, inference: { ...inference, bundles } };
      },
    });
    return await reply.status(204).send();
  });
}

/** The archive is taken as a stream; who sends it waits until the golden vectors were run. */
function uploadRoute(app: App, node: NodeAccess): void {
  const schema = { response: { 201: z.object({ name: z.string() }) } };
  void app.register(async (upload) => {
    upload.addContentTypeParser('application/zip', (_request, payload, done) => done(null, payload));
    (upload as unknown as App).post('/api/bundles', { config: admin, schema }, async (request, reply) => {
      if (request.headers['content-type'] !== 'application/zip')
        throw new WillisError('MEDIA_TYPE_UNSUPPORTED', 'Send the bundle as application/zip.');
      const admission = node.admit();
      if (admission.kind === 'busy') throw new WillisError('NODE_BUSY', admission.why, { retry: 'later' });
      const body = request.body as Readable;
      const added = await node.bundles.add(async (folder) => await unpackBundle(body, folder));
      const name = bundleName(added);
      await record(node, request, { action: 'bundle added', object: name, detail: added.identity.sha256 });
      return await reply.status(201).send({ name });
    });
    return await Promise.resolve();
  });
}

async function requireUnused(node: NodeAccess, name: string): Promise<void> {
  const rules = node.bundles.ofRules();
  const found = (await node.bundles.list()).find(
    (one) => one.kind === 'bundle' && bundleName(one.bundle) === name,
  );
  if (found?.kind !== 'bundle') return;
  const users = [...rules].filter(([, folders]) => folders.includes(found.bundle.folder));
  if (users.length === 0) return;
  throw new WillisError(
    'STATE_CONFLICT',
    `The bundle ${name} serves the rules ${users.map(([rule]) => `"${rule}"`).join(', ')}. Let another one serve them first.`,
  );
}

const shownDays = 60;

const unknown = {
  id: '',
  version: '',
  title: '',
  pipeline: '',
  sha256: '',
  synthetic: false,
  intendedUse: '',
  limits: [],
  performance: {},
  training: {},
  usedByRules: [],
  parameters: {},
  networkInput: null,
  selfTest: null,
  drift: [],
};

async function newestSelfTest(node: NodeAccess): Promise<Known['selfTest']> {
  return await node.database
    .selectFrom('operation_run')
    .select(['finished_at', 'detail'])
    .where('task', '=', 'selfTest')
    .orderBy('id', 'desc')
    .executeTakeFirst();
}

/** Of the lines of a self-test those about one bundle. */
function linesOf(
  { finished_at: at, detail }: NonNullable<Known['selfTest']>,
  { id, version }: { readonly id: string; readonly version: string },
): Bundle['selfTest'] {
  const lines = detail
    .split(';\n')
    .map((line) => line.replace(/^SELF_TEST_FAILED: /, ''))
    .filter((line) => line.startsWith(`${id} ${version}`));
  return lines.length === 0 ? null : { at, lines };
}

interface Known {
  readonly scores: readonly DailyScore[];
  readonly rules: ReadonlyMap<string, readonly string[]>;
  readonly selfTest: { readonly finished_at: number; readonly detail: string } | undefined;
}

function card(listed: ShelvedBundle, { scores, rules, selfTest }: Known): Bundle {
  const { isUploaded } = listed;
  if (listed.kind === 'refused') {
    const folder = path.basename(listed.folder);
    return { ...unknown, folder, name: folder, isUploaded, refused: listed.error.message };
  }
  const { manifest, identity, folder } = listed.bundle;
  return {
    folder: path.basename(folder),
    name: bundleName(listed.bundle),
    isUploaded,
    refused: null,
    id: identity.id,
    version: identity.version,
    title: manifest.title,
    pipeline: manifest.pipeline,
    sha256: identity.sha256,
    synthetic: manifest.training.synthetic,
    intendedUse: manifest.intendedUse,
    limits: manifest.limits,
    performance: manifest.performance,
    training: manifest.training,
    usedByRules: [...rules].filter(([, folders]) => folders.includes(folder)).map(([rule]) => rule),
    parameters: { ...parametersOf(manifest) },
    networkInput: networkInputOf(manifest),
    selfTest: selfTest === undefined ? null : linesOf(selfTest, identity),
    drift: scores
      .filter((score) => score.bundleSha256 === identity.sha256)
      .map(({ day, scans, withFindings, meanProbability }) => ({
        day,
        scans,
        withFindings,
        meanProbability,
      })),
  };
}
