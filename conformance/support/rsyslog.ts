import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { startTool } from './running.ts';

/** Debian's rsyslog as the audit collector: TLS by OpenSSL, callers with a certificate of the CA only. */
export interface Rsyslog extends AsyncDisposable {
  /** What it wrote, a message a line, its control characters as they came. */
  readonly messages: () => readonly string[];
}

/** `keys` holds what `makeCertificates` made. Messages of an earlier start in the same folder are kept. */
export async function startRsyslog(folder: string, keys: string, port: number): Promise<Rsyslog> {
  mkdirSync(folder, { recursive: true });
  const file = path.join(folder, 'messages');
  const config = path.join(folder, 'rsyslog.conf');
  writeFileSync(
    config,
    `global(
      workDirectory="${folder}"
      defaultNetstreamDriver="ossl"
      parser.escapeControlCharactersOnReceive="off"
      defaultNetstreamDriverCAFile="${path.join(keys, 'ca.pem')}"
      defaultNetstreamDriverCertFile="${path.join(keys, 'pacs.pem')}"
      defaultNetstreamDriverKeyFile="${path.join(keys, 'pacs.key')}")
    module(load="imtcp" streamDriver.name="ossl" streamDriver.mode="1" streamDriver.authMode="x509/certvalid")
    template(name="whole" type="string" string="%rawmsg%\\n")
    input(type="imtcp" address="127.0.0.1" port="${port}")
    action(type="omfile" file="${file}" template="whole")\n`,
  );
  const running = await startTool('rsyslogd', ['-n', '-f', config, '-i', path.join(folder, 'pid')], port);
  return {
    messages: () => (existsSync(file) ? readFileSync(file, 'utf8').split('\n').slice(0, -1) : []),
    [Symbol.asyncDispose]: async () => await running[Symbol.asyncDispose](),
  };
}
