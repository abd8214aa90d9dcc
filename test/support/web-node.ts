import path from 'node:path';
import { parseConfig } from '../../src/config/index.ts';
import { startNode, type WillisNode } from '../../src/node.ts';
import type { Log } from '../../src/operations/index.ts';

/** A node of this process with its page open on a port of the system's choice. */
export interface WebNode extends AsyncDisposable {
  readonly node: WillisNode;
  readonly url: string;
  readonly setupCode: string;
  readonly configFile: string;
  /** A browser's worth of requests: cookie, token and all. */
  client(userAgent?: string): WebClient;
  /** Makes the first administrator, signed in. */
  setUpAdmin(): Promise<WebClient>;
  /** Makes a reader, signed in. */
  addReader(admin: WebClient): Promise<WebClient>;
}

export interface Answer {
  readonly status: number;
  readonly headers: Headers;
  readonly text: string;
  /** The body as JSON. */
  readonly json: () => unknown;
}

export interface WebClient {
  cookie: string;
  csrf: string;
  request(method: string, url: string, options?: RequestOptions): Promise<Answer>;
  get<T>(url: string): Promise<T>;
  /** Makes the first administrator. */
  setUp(code: string): Promise<void>;
  login(name: string, password: string): Promise<Answer>;
}

export interface RequestOptions {
  readonly body?: unknown;
  readonly headers?: Readonly<Record<string, string>>;
}

export const adminPassword = 'correct horse battery';
export const readerPassword = 'a reader may look only';

export async function startWebNode(folder: string, changes: object = {}): Promise<WebNode> {
  const value = {
    node: { dataDir: path.join(folder, 'data'), minimumFreeMegabytes: 50 },
    dicom: { host: '127.0.0.1', port: await chosenPort() },
    series: { quietPeriodSeconds: 2, quietPeriodAfterReleaseSeconds: 0.3 },
    web: { port: 0 },
    ...changes,
  };
  const configFile = path.join(folder, 'data', 'willis.json');
  const origin = { file: configFile, valueWithoutFile: value };
  const node = await startNode(parseConfig(value, 'test'), silent, origin);
  const url = node.web!.url;
  return {
    node,
    url,
    setupCode: node.web!.setupCode ?? '',
    configFile,
    client: (userAgent = 'test browser') => openClient(url, userAgent),
    setUpAdmin: async () => {
      const admin = openClient(url, 'test browser');
      await admin.setUp(node.web!.setupCode ?? '');
      return admin;
    },
    addReader: async (admin) => {
      const body = { name: 'Reader', role: 'reader', password: readerPassword };
      await admin.request('POST', '/api/users', { body });
      const reader = openClient(url, 'test browser');
      await reader.login('Reader', readerPassword);
      return reader;
    },
    [Symbol.asyncDispose]: async () => await node[Symbol.asyncDispose](),
  };
}

async function chosenPort(): Promise<number> {
  return await (await import('./node-process.ts')).freePort();
}

const silent: Log = { info: () => undefined, warn: () => undefined, error: () => undefined };

function openClient(url: string, userAgent: string): WebClient {
  const client: WebClient = {
    cookie: '',
    csrf: '',
    request: async (method, at, { body, headers = {} } = {}) => {
      const isJson = body !== undefined && !(body instanceof Uint8Array) && typeof body !== 'string';
      const response = await fetch(new URL(at, url), {
        method,
        headers: {
          'user-agent': userAgent,
          ...(client.cookie === '' ? {} : { cookie: client.cookie }),
          ...(client.csrf === '' ? {} : { 'x-willis-csrf': client.csrf }),
          ...(isJson ? { 'content-type': 'application/json' } : {}),
          ...headers,
        },
        ...(body === undefined ? {} : { body: isJson ? JSON.stringify(body) : (body as BodyInit) }),
      });
      const set = response.headers.get('set-cookie');
      if (set !== null) client.cookie = set.split(';')[0]!;
      const text = await response.text();
      return {
        status: response.status,
        headers: response.headers,
        text,
        json: () => JSON.parse(text) as unknown,
      };
    },
    get: async <T>(at: string) => {
      const answer = await client.request('GET', at);
      if (answer.status !== 200) throw new Error(`${at}: ${answer.status} ${answer.text}`);
      return answer.json() as T;
    },
    setUp: async (code) => {
      const body = { code, name: 'Admin', password: adminPassword };
      const answer = await client.request('POST', '/api/setup', { body });
      if (answer.status !== 200) throw new Error(answer.text);
      client.csrf = csrfOf(answer);
    },
    login: async (name, password) => {
      const answer = await client.request('POST', '/api/login', { body: { name, password } });
      if (answer.status === 200) client.csrf = csrfOf(answer);
      return answer;
    },
  };
  return client;
}

function csrfOf(answer: Answer): string {
  return (answer.json() as { session: { csrfToken: string } }).session.csrfToken;
}
