import path from 'node:path';
import { run } from './tools.ts';

/** Keys and certificates of `pacs` and `willis` for localhost, signed by the authority `ca`, as PEM files in `folder`. */
export function makeCertificates(folder: string): void {
  const openssl = (...args: readonly string[]): void => {
    const { status, output } = run('openssl', args);
    if (status !== 0) throw new Error(output);
  };
  const file = (name: string): string => path.join(folder, name);
  const fresh = ['-newkey', 'rsa:2048', '-nodes', '-days', '2'];
  openssl(
    'req',
    '-x509',
    ...fresh,
    '-subj',
    '/CN=Test CA',
    '-keyout',
    file('ca.key'),
    '-out',
    file('ca.pem'),
  );
  for (const name of ['pacs', 'willis']) {
    const signed = [
      '-CA',
      file('ca.pem'),
      '-CAkey',
      file('ca.key'),
      '-addext',
      'subjectAltName=DNS:localhost',
    ];
    openssl(
      'req',
      '-x509',
      ...fresh,
      ...signed,
      '-subj',
      `/CN=${name}`,
      '-keyout',
      file(`${name}.key`),
      '-out',
      file(`${name}.pem`),
    );
  }
}
