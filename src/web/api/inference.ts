import { rm } from 'node:fs/promises';
import { z } from 'zod';
import { WillisError } from '../../errors.ts';
import type { FastifyRequest } from 'fastify';
import type { App } from '../app.ts';
import { record } from '../audit.ts';
import { inferenceRun, type InferenceRun } from '../contract.ts';
import { notFound } from '../faults.ts';
import { encodePicture, type Imaging } from '../imaging/index.ts';
import type { InferenceRuns, InferenceRun as Run } from '../inference/runs.ts';
import { takeUpload } from '../inference/upload.ts';
import type { NodeAccess } from '../options.ts';
import { userOf } from '../security/guard.ts';
import { findingOf } from './finding-lines.ts';

const admin = { access: 'admin' } as const;
const mostFiles = 20_000;
const parameters = z.record(z.string().max(80), z.number());

interface InferenceParts {
  readonly node: NodeAccess;
  readonly imaging: Imaging;
  readonly runs: InferenceRuns;
  /** Longest upload, unpacked: as long as the longest object that is taken by C-STORE. */
  readonly mostBytes: number;
}

/** Runs a pipeline on uploaded files with changed parameters; nothing of it goes anywhere. */
export function inferenceRoutes(app: App, parts: InferenceParts): void {
  const { imaging, runs } = parts;
  const look = { config: admin, schema: { response: { 200: z.array(inferenceRun) } } } as const;
  app.get('/api/inference', look, () => runs.list().map(shown));

  const picture = z.object({
    id: z.uuid(),
    series: z.coerce.number().int(),
    picture: z.coerce.number().int(),
  });
  app.get(
    '/api/inference/:id/:series/:picture',
    { config: admin, schema: { params: picture } },
    async (request, reply) => {
      const { id, series, picture: index } = request.params;
      const file = runs.list().find((run) => run.id === id)?.series[series]?.pictures[index]?.file;
      if (file === undefined) throw notFound('picture');
      const png = await encodePicture(await imaging.picture(file, 0, null), 'image/png', {
        width: 1200,
        height: 4096,
      });
      return await reply.type('image/png').send(png);
    },
  );

  void app.register(async (upload) => {
    upload.addContentTypeParser(/^multipart\/form-data/, (_request, payload, done) => done(null, payload));
    (upload as unknown as App).post(
      '/api/inference',
      { config: admin, schema: { response: { 202: inferenceRun } } },
      async (request, reply) => await reply.status(202).send(shown(await begin(parts, request))),
    );
    return await Promise.resolve();
  });
}

async function begin({ node, runs, mostBytes }: InferenceParts, request: FastifyRequest): Promise<Run> {
  const admission = node.admit();
  if (admission.kind === 'busy') throw new WillisError('NODE_BUSY', admission.why, { retry: 'later' });
  if (!request.headers['content-type']?.startsWith('multipart/form-data'))
    throw new WillisError('MEDIA_TYPE_UNSUPPORTED', 'Send the files as multipart/form-data.');
  const folder = runs.open();
  try {
    const { files, fields } = await takeUpload(request, folder, { bytes: mostBytes, files: mostFiles });
    if (files.length === 0) throw new WillisError('REQUEST_INVALID', 'The upload holds no file.');
    const { pipeline = '', bundle = null, parameters: changed = '{}' } = fields;
    await record(node, request, { action: 'inference', object: pipeline, detail: `${files.length} files` });
    return runs.start({
      ...{ by: userOf(request).name, pipeline, bundle, files, folder },
      parameters: parametersIn(changed),
    });
  } catch (error) {
    await rm(folder, { recursive: true, force: true });
    throw error;
  }
}

function parametersIn(text: string): Readonly<Record<string, number>> {
  try {
    return parameters.parse(JSON.parse(text));
  } catch (cause) {
    throw new WillisError('REQUEST_INVALID', 'The parameters are no JSON object of numbers.', { cause });
  }
}

const noStack = { kind: 'not-a-stack', reason: { code: '', text: '' } } as const;

function shown(run: Run): InferenceRun {
  const { id, by, startedAt, pipeline, state, said } = run;
  return {
    ...{ id, by, startedAt, pipeline, state, said, parameters: { ...run.parameters } },
    series: run.series.map(({ description, instances, findings, pictures }) => ({
      ...{ description, instances, state: findings.state },
      reason: findings.state === 'not-analysed' ? { ...findings.reason } : null,
      probability: findings.state === 'not-analysed' ? null : findings.probability,
      bundle: `${findings.bundle.id} ${findings.bundle.version}`,
      findings: findings.findings.map((finding, index) => findingOf(finding, index, noStack)),
      pictures: pictures.map(({ kind }) => kind),
    })),
  };
}
