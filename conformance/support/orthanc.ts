import { spawn } from 'node:child_process';
import { mkdirSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { freePort, untilTrue } from '../../test/support/node-process.ts';

/** Debian's Orthanc as the PACS, on free ports of this machine. */
export interface Orthanc extends AsyncDisposable {
  readonly dicomPort: number;
  readonly httpPort: number;
  /** GET of its REST interface, parsed. */
  get(place: string): Promise<unknown>;
  /** The DICOM file of an instance, by Orthanc's identifier. */
  file(instance: string): Promise<Buffer>;
  /** Status and type of a GET. */
  head(place: string): Promise<{ status: number; type: string }>;
}

/** `changes` are added to its configuration, e.g. DicomModalities. */
export async function startOrthanc(folder: string, changes: object = {}): Promise<Orthanc> {
  mkdirSync(folder, { recursive: true });
  const [dicomPort, httpPort] = [await freePort(), await freePort()];
  const config = {
    Name: 'PACS',
    StorageDirectory: folder,
    IndexDirectory: folder,
    DicomAet: 'ORTHANC',
    DicomPort: dicomPort,
    HttpPort: httpPort,
    AuthenticationEnabled: false,
    RemoteAccessAllowed: false,
    DicomAlwaysAllowStore: true,
    Plugins: [],
    ...changes,
  };
  writeFileSync(path.join(folder, 'orthanc.json'), JSON.stringify(config));
  const child = spawn('Orthanc', [path.join(folder, 'orthanc.json')], {
    stdio: 'ignore',
    env: { ...process.env, TCP_NODELAY: '1' },
  });
  const url = (place: string): string => `http://127.0.0.1:${httpPort}${place}`;
  await untilTrue(
    async () =>
      await fetch(url('/system')).then(
        (reply) => reply.ok,
        () => false,
      ),
    30_000,
    () => 'Orthanc did not start',
  );
  return {
    dicomPort,
    httpPort,
    get: async (place) => (await (await fetch(url(place))).json()) as unknown,
    file: async (instance) =>
      Buffer.from(await (await fetch(url(`/instances/${instance}/file`))).arrayBuffer()),
    head: async (place) => {
      const reply = await fetch(url(place));
      return { status: reply.status, type: reply.headers.get('content-type') ?? '' };
    },
    [Symbol.asyncDispose]: async () => {
      const gone = new Promise((resolve) => child.once('exit', resolve));
      child.kill('SIGTERM');
      await gone;
    },
  };
}
