import { z } from 'zod';
import { seconds, tls, webAddress } from './destinations.ts';
import { pipelineId } from './pipelines.ts';

/** An inference server: the same bundles, run elsewhere. */
export const remote = z
  .strictObject({
    name: z
      .string()
      .regex(/^[A-Za-z0-9_-]{1,32}$/, 'letters, digits, - and _')
      .describe('As it stands in results and in the log'),
    url: webAddress.describe('The part before /v2'),
    pipelines: z.array(pipelineId).min(1).describe('Whose networks run there'),
    headers: z.record(z.string(), z.string()).default({}),
    bearerToken: z.string().min(1).optional(),
    tls: tls.optional(),
    timeoutSeconds: seconds.default(60).describe('For one request with its answer'),
    maxMessageMegabytes: z.number().positive().default(256).describe('Of a request, and of an answer'),
    maxGoldenDifference: z
      .number()
      .positive()
      .max(0.1)
      .default(1e-3)
      .describe("Largest difference from the bundle's golden probabilities; half precision needs about 0.01"),
    ifUnavailable: z
      .enum(['local', 'wait'])
      .default('local')
      .describe('Without the server: compute on this machine, and say so, or let series wait for it'),
    retrySeconds: seconds.default(30).describe('After a failure the server is left alone for so long'),
  })
  .describe(
    'A server of the Open Inference Protocol v2 over HTTP (NVIDIA Triton, KServe); used only while its golden vectors come out right',
  );
