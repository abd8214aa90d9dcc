import type { Socket } from 'node:net';
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
 * Resolves when the collector has closed in good order after our end. Throws PEER_UNREACHABLE; the message may then come twice.
 */
export async function sendSyslog(
  collector: SyslogCollector,
  message: { readonly text: string; readonly at: number; readonly application: string },
): Promise<void> {
  const socket = await connect(collector, timeoutMs);
  try {
    await handOver(socket, frame(message));
  } catch (cause) {
    throw new WillisError(
      'PEER_UNREACHABLE',
      `The audit message did not go to ${collector.host}:${collector.port} (${describeError(cause)}). It is sent again. Does the collector know our certificate?`,
      { cause, retry: 'later' },
    );
  } finally {
    socket.destroy();
  }
}

/**
 * Syslog has no answer: that the collector closes after our end (RFC 5425 4.4) is the only sign that it read so far. Bytes handed
 * to the system prove nothing: by TLS 1.3 our handshake is over before the collector has looked at our certificate.
 */
async function handOver(socket: Socket, bytes: Buffer): Promise<void> {
  let [isTold, isEnded] = [false, false];
  await new Promise<void>((resolve, reject) => {
    socket.once('error', reject);
    socket.setTimeout(timeoutMs, () =>
      reject(new Error(`it did not close within ${timeoutMs / 1000} s of our end`)),
    );
    socket.once('end', () => {
      isEnded = isTold;
    });
    socket.once('close', () =>
      isEnded ? resolve() : reject(new Error('it closed the connection before the end of the message')),
    );
    socket.resume();
    socket.end(bytes, () => {
      isTold = true;
    });
  });
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
