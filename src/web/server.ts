import { existsSync } from 'node:fs';
import type { AddressInfo } from 'node:net';
import cookie from '@fastify/cookie';
import helmet from '@fastify/helmet';
import rateLimit from '@fastify/rate-limit';
import swagger from '@fastify/swagger';
import fastify from 'fastify';
import {
  jsonSchemaTransform,
  serializerCompiler,
  validatorCompiler,
  type ZodTypeProvider,
} from 'fastify-type-provider-zod';
import { WillisError } from '../errors.ts';
import { accountRoutes } from './api/account.ts';
import { bundleRoutes } from './api/bundles.ts';
import { destinationRoutes } from './api/destinations.ts';
import { deviceRoutes } from './api/devices.ts';
import { eventRoutes } from './api/events.ts';
import { healthRoutes } from './api/health.ts';
import { imageRoutes } from './api/images.ts';
import { oidcRoutes } from './api/oidc.ts';
import { operationRoutes } from './api/operations.ts';
import { inferenceRoutes } from './api/inference.ts';
import { overviewRoutes } from './api/overview.ts';
import { quarantineRoutes } from './api/quarantine.ts';
import { readingRoutes } from './api/readings.ts';
import { ruleRoutes } from './api/rules.ts';
import { seriesRoutes } from './api/series.ts';
import { studyRoutes } from './api/studies.ts';
import { systemRoutes } from './api/system.ts';
import { userRoutes } from './api/users.ts';
import type { App } from './app.ts';
import { dicomWebRoutes } from './dicomweb/index.ts';
import { answerFault, notFound } from './faults.ts';
import { startImaging, type Imaging } from './imaging/index.ts';
import { openInferenceRuns, type InferenceRuns } from './inference/runs.ts';
import type { NodeAccess, WebOptions } from './options.ts';
import { servePage } from './page.ts';
import { guard } from './security/guard.ts';
import { prepareFirstRun } from './security/first-run.ts';

/** A listening web server; disposing it ends open requests and event streams. */
export interface WebServer extends AsyncDisposable {
  readonly url: string;
  readonly port: number;
  /** For the console, while the node has no administrator. */
  readonly setupCode: string | null;
  /** Every route with who may use it. */
  readonly routes: readonly { readonly method: string; readonly url: string; readonly access: string }[];
}

/** Starts API, DICOMweb and page; throws WEB_PORT_UNAVAILABLE. */
export async function startWeb(node: NodeAccess, options: WebOptions): Promise<WebServer> {
  await using stack = new AsyncDisposableStack();
  const setupCode = await prepareFirstRun(node.database);
  const imaging = stack.use(startImaging());
  const runs = stack.use(await openInferenceRuns(node, () => node.events.publish({ kind: 'operation' })));
  const app = makeApp(options);
  stack.defer(async () => {
    await app.close();
  });
  const routes = listRoutes(app);
  await addPlugins(app, options);
  guard(app, node, options);
  app.addHook('onResponse', (request, reply, done) => {
    node.metrics.request(request.method, request.routeOptions.url ?? 'unknown', reply.statusCode);
    done();
  });
  app.setErrorHandler(answerFault(node));
  addRoutes(app, { node, options, imaging, runs });
  await listen(app, options);
  const { port } = app.server.address() as AddressInfo;
  const scheme = options.tls === null ? 'http' : 'https';
  const owned = stack.move();
  return {
    url: `${scheme}://${options.host.includes(':') ? `[${options.host}]` : options.host}:${port}`,
    port,
    setupCode,
    routes,
    [Symbol.asyncDispose]: async () => await owned.disposeAsync(),
  };
}

function makeApp(options: WebOptions): App {
  const limits = { bodyLimit: 1 << 20, requestTimeout: 300_000, forceCloseConnections: true } as const;
  const app = (options.tls === null
    ? fastify(limits)
    : fastify({
        ...limits,
        https: { cert: options.tls.certificate, key: options.tls.key, minVersion: 'TLSv1.2' },
      })) as unknown as App;
  app.setValidatorCompiler(validatorCompiler);
  app.setSerializerCompiler(serializerCompiler);
  // a form of another site can send text/plain without asking first
  app.removeContentTypeParser('text/plain');
  return app.withTypeProvider<ZodTypeProvider>();
}

async function addPlugins(app: App, options: WebOptions): Promise<void> {
  await app.register(cookie);
  await app.register(helmet, {
    enableCSPNonces: true,
    contentSecurityPolicy: { useDefaults: false, directives: contentSecurityPolicy },
    crossOriginEmbedderPolicy: false,
    referrerPolicy: { policy: 'no-referrer' },
    strictTransportSecurity: options.tls === null ? false : { maxAge: 31_536_000 },
  });
  await app.register(rateLimit, { max: 6000, timeWindow: '1 minute' });
  await app.register(swagger, {
    openapi: {
      info: { title: 'Willis', description: 'API of a Willis node', version: '1' },
      components: {
        securitySchemes: {
          session: { type: 'apiKey', in: 'cookie', name: 'willis_session' },
          token: { type: 'http', scheme: 'bearer' },
        },
      },
    },
    transform: jsonSchemaTransform,
  });
}

/** Nothing from elsewhere, no script in the page's text. The viewer makes its textures and workers from blobs. */
const contentSecurityPolicy = {
  defaultSrc: ["'none'"],
  scriptSrc: ["'self'", "'wasm-unsafe-eval'"],
  styleSrc: ["'self'"],
  imgSrc: ["'self'", 'data:', 'blob:'],
  fontSrc: ["'self'", 'data:'],
  connectSrc: ["'self'", 'data:', 'blob:'],
  workerSrc: ["'self'", 'blob:'],
  manifestSrc: ["'self'"],
  baseUri: ["'none'"],
  formAction: ["'self'"],
  frameAncestors: ["'none'"],
};

function listRoutes(app: App): { method: string; url: string; access: string }[] {
  const routes: { method: string; url: string; access: string }[] = [];
  app.addHook('onRoute', ({ method, url, config }) => {
    for (const one of [method].flat())
      if (one !== 'HEAD') routes.push({ method: one, url, access: config?.access ?? 'admin' });
  });
  return routes;
}

function addRoutes(
  app: App,
  parts: {
    readonly node: NodeAccess;
    readonly options: WebOptions;
    readonly imaging: Imaging;
    readonly runs: InferenceRuns;
  },
): void {
  const { node, options, imaging, runs } = parts;
  void app.register(async (routes) => {
    const api = routes as unknown as App;
    healthRoutes(api, node);
    accountRoutes(api, node, options);
    oidcRoutes(api, node, options);
    userRoutes(api, node);
    overviewRoutes(api, node);
    studyRoutes(api, node);
    seriesRoutes(api, node);
    imageRoutes(api, node, imaging);
    quarantineRoutes(api, node);
    readingRoutes(api, node);
    deviceRoutes(api, node);
    destinationRoutes(api, node);
    ruleRoutes(api, node);
    bundleRoutes(api, node);
    systemRoutes(api, node);
    operationRoutes(api, node);
    inferenceRoutes(api, { node, imaging, runs, mostBytes: options.maxInstanceBytes });
    eventRoutes(api, node);
    dicomWebRoutes(api, { node, options, imaging });
    api.get('/api/openapi.json', { config: { access: 'read' }, schema: { hide: true } }, () => app.swagger());
    if (existsSync(options.pageFolder)) await servePage(api, options.pageFolder);
  });
  app.setNotFoundHandler(() => {
    throw notFound('page');
  });
}

async function listen(app: App, options: WebOptions): Promise<void> {
  try {
    await app.listen({ host: options.host, port: options.port });
  } catch (cause) {
    const { code } = cause as NodeJS.ErrnoException;
    if (code === undefined || !['EADDRINUSE', 'EACCES', 'EADDRNOTAVAIL'].includes(code)) throw cause;
    throw new WillisError(
      'WEB_PORT_UNAVAILABLE',
      `Cannot open the page at ${options.host}:${options.port} (${code}). Change web.port, stop the other program, or set web.enabled to false.`,
      { cause },
    );
  }
}
