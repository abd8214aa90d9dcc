import os from 'node:os';
import { WillisError, describeError } from '../errors.ts';
import { connect } from './connect.ts';
import type { TlsFiles } from './types.ts';

/** A collector of syslog messages. */
export interface SyslogCollector {
  readonly host: string;
  readonly port: number;
  readonly tls?: TlsFiles | undefined;
}

const timeoutMs = 20_000;
/** Facility 10 (security/authorization), severity 5 (notice): PS3.15 A.6 asks for 10 and a severity of the sender's choice. */
const priority = 10 * 8 + 5;

/**
 * Sends one audit message by syslog (RFC 5424) over TLS (RFC 5425), or over TCP with the same framing where no `tls` is given.
 * Syslog has no answer: resolves when the collector has closed after our end, or holds all bytes. Throws PEER_UNREACHABLE.
 */
export async function sendSyslog(
  collector: SyslogCollector,
  message: { readonly text: string; readonly at: number; readonly application: string },
): Promise<void> {
  const socket = await connect(collector, timeoutMs);
  try {
    await new Promise<void>((resolve, reject) => {
      socket.once('error', reject);
      socket.setTimeout(timeoutMs, () => reject(new Error(`no answer for ${timeoutMs / 1000} s`)));
      // 'finish': the last byte was handed over and the end of our side told
      socket.end(frame(message), resolve);
    });
  } catch (cause) {
    throw new WillisError(
      'PEER_UNREACHABLE',
      `The audit message did not go to ${collector.host}:${collector.port} (${describeError(cause)}). It is sent again.`,
      { cause, retry: 'later' },
    );
  }
}

/** RFC 5425 4.3: the length in octets, a space, the message. The UTF-8 text begins with a byte order mark (RFC 5424 6.4). */
function frame({ text, at, application }: { text: string; at: number; application: string }): Buffer {
  const head = `<${priority}>1 ${new Date(at).toISOString()} ${word(os.hostname())} ${word(application)} ${process.pid} DICOM+RFC3881 - `;
  const message = Buffer.from(`${head}\uFEFF${text}`, 'utf8');
  return Buffer.concat([Buffer.from(`${message.length} `), message]);
}

/** Names in the head are printable ASCII without spaces, "-" for none. */
function word(text: string): string {
  return text.replace(/[^\x21-\x7e]/g, '').slice(0, 48) || '-';
}
