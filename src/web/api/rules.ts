import { z } from 'zod';
import { readHeader, type Attributes } from '../../dicom/index.ts';
import { WillisError, describeError } from '../../errors.ts';
import { explain, readTraits, type Rule, type SeriesTraits } from '../../intake/index.ts';
import { checkStack, frameGeometries, type FrameGeometry, type StackOutcome } from '../../volume/index.ts';
import type { App } from '../app.ts';
import { rules, ruleTest, type RuleTest } from '../contract.ts';
import { notFound } from '../faults.ts';
import type { NodeAccess } from '../options.ts';
import { splitPart10 } from '../part10.ts';
import { changeSettings, list, seenSettings } from '../settings.ts';

/** Rules as they are, saving them, and trying them on a file or a received series. */
export function ruleRoutes(app: App, node: NodeAccess): void {
  app.get('/api/rules', { config: { access: 'read' }, schema: { response: { 200: rules } } }, async () => {
    const { value, sha256 } = node.settings.document();
    const { rules: current, destinations } = node.facts();
    const areShipped = value['rules'] === undefined;
    const bundles = await node.bundles.list();
    const pipelines = bundles.flatMap((one) => (one.kind === 'bundle' ? [one.bundle.manifest.pipeline] : []));
    return {
      rules: areShipped
        ? current.map((rule) => ({ ...rule }))
        : list(value, 'rules').map((rule) => ({ ...rule })),
      areShipped,
      destinations: destinations.map(({ name }) => name),
      pipelines: [...new Set<string>(pipelines)],
      settingsSha256: sha256,
    };
  });

  // the configuration's own schema judges the rules: it knows every condition
  const body = z.strictObject({
    settingsSha256: seenSettings,
    rules: z.array(z.looseObject({})).max(200).nullable(),
  });
  app.put('/api/rules', { config: { access: 'admin' }, schema: { body } }, async (request, reply) => {
    const wanted = request.body.rules;
    await changeSettings(node, request, request.body.settingsSha256, {
      action: 'rules saved',
      object: wanted === null ? 'the shipped rules' : `${wanted.length} rules`,
      make: ({ rules: _replaced, ...value }) => (wanted === null ? value : { ...value, rules: wanted }),
    });
    return await reply.status(204).send();
  });
  testRoutes(app, node);
}

/** The head of a file is enough: rules look at what comes before the pixels. */
const longestHeadBytes = 8 << 20;

function testRoutes(app: App, node: NodeAccess): void {
  const response = { 200: ruleTest };
  const params = z.object({ id: z.coerce.number().int() });
  const onSeries = { config: { access: 'read' }, schema: { params, response } } as const;
  app.get(
    '/api/rules/test/series/:id',
    onSeries,
    async (request) => await testSeries(node, request.params.id),
  );

  void app.register(async (upload) => {
    upload.addContentTypeParser(
      'application/dicom',
      { parseAs: 'buffer', bodyLimit: longestHeadBytes },
      (_request, body, done) => done(null, body),
    );
    const onFile = {
      config: { access: 'admin' },
      schema: { response },
      bodyLimit: longestHeadBytes,
    } as const;
    (upload as unknown as App).post('/api/rules/test/file', onFile, async (request) => {
      if (!Buffer.isBuffer(request.body))
        throw new WillisError('MEDIA_TYPE_UNSUPPORTED', 'Send the file as application/dicom.');
      return await Promise.resolve(testFile(node, request.body));
    });
    return await Promise.resolve();
  });
}

async function testSeries(node: NodeAccess, id: number): Promise<RuleTest> {
  const series = await node.database.selectFrom('series').selectAll().where('id', '=', id).executeTakeFirst();
  if (series === undefined) throw notFound('series');
  const instances = await node.database
    .selectFrom('instance')
    .select('frames')
    .where('series_id', '=', id)
    .execute();
  const traits = JSON.parse(series.description) as SeriesTraits;
  const frames = instances.flatMap((one) => JSON.parse(one.frames) as FrameGeometry[]);
  return judge(node.facts().rules, traits, checkStack(frames, traits.expectedCount ?? undefined));
}

/** One file says nothing of the whole stack: conditions on geometry are judged by what it holds. */
function testFile(node: NodeAccess, bytes: Buffer): RuleTest {
  const header = headerOf(bytes);
  const traits = readTraits(header);
  const uid = header.text('SOPInstanceUID') ?? '';
  const stack = checkStack(frameGeometries(traits.sopClassUid, uid, header));
  return judge(node.facts().rules, traits, stack);
}

function headerOf(bytes: Buffer): Attributes {
  try {
    const { transferSyntaxUid, datasetOffset } = splitPart10(bytes);
    return readHeader(bytes.subarray(datasetOffset), transferSyntaxUid, bytes.length < longestHeadBytes / 2);
  } catch (error) {
    throw new WillisError(
      'REQUEST_INVALID',
      `That is not a DICOM file the node can read: ${describeError(error)}`,
    );
  }
}

function judge(all: readonly Rule[], traits: SeriesTraits, stack: StackOutcome): RuleTest {
  const explanations = all.map((rule) => {
    const { matches, lines } = explain(rule, traits, stack);
    return { rule: rule.name, matches, lines: [...lines] };
  });
  return {
    about: `${traits.modality || 'no modality'}, "${traits.seriesDescription}"`,
    explanations,
    takenBy: explanations.find(({ matches }) => matches)?.rule ?? null,
  };
}
