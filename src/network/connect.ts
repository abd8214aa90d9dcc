import { readFile } from 'node:fs/promises';
import net from 'node:net';
import tls from 'node:tls';
import { WillisError } from '../errors.ts';
import type { PeerAddress, TlsFiles } from './types.ts';

/** Opens a TCP connection to a peer, or a TLS one where the peer has `tls`. Throws PEER_UNREACHABLE or TLS_FILES_UNREADABLE. */
export async function connect(
  peer: Omit<PeerAddress, 'aeTitle'> & { readonly aeTitle?: string },
  timeoutMs: number,
): Promise<net.Socket> {
  const socket =
    peer.tls === undefined
      ? net.connect({ host: peer.host, port: peer.port, noDelay: true })
      : tls.connect({ host: peer.host, port: peer.port, ...(await tlsOptions(peer.tls, peer.host)) });
  socket.setTimeout(timeoutMs);
  try {
    await new Promise<void>((resolve, reject) => {
      socket.once(peer.tls === undefined ? 'connect' : 'secureConnect', resolve);
      socket.once('timeout', () => reject(new Error(`no answer for ${timeoutMs / 1000} s`)));
      socket.once('error', reject);
      socket.once('close', () => reject(new Error('it closed the connection at once')));
    });
  } catch (cause) {
    socket.destroy();
    throw unreachable(peer, cause as Error);
  }
  socket.removeAllListeners('timeout').removeAllListeners('close').removeAllListeners('error');
  socket.setTimeout(0);
  socket.setNoDelay(true);
  return socket;
}

export const oldestTls = 'TLSv1.2';

/**
 * What Node's TLS wants for a peer: BCP 195 Secure Transport Connection Profile (PS3.15 B.12), TLS 1.2 at least, the peer's
 * certificate always verified. Throws TLS_FILES_UNREADABLE.
 */
export async function tlsOptions(files: TlsFiles, host: string): Promise<TlsOptions> {
  const [ca, cert, key] = await Promise.all([files.ca, files.cert, files.key].map(pem));
  return {
    ...(ca === undefined ? {} : { ca }),
    ...(cert === undefined ? {} : { cert }),
    ...(key === undefined ? {} : { key }),
    ...serverName(files.serverName ?? host),
    minVersion: oldestTls,
    rejectUnauthorized: true,
  };
}

interface TlsOptions {
  readonly ca?: string;
  readonly cert?: string;
  readonly key?: string;
  readonly servername?: string;
  readonly minVersion: typeof oldestTls;
  readonly rejectUnauthorized: true;
}

/** An address is no server name (RFC 6066 3). */
function serverName(name: string): { servername?: string } {
  return net.isIP(name) === 0 ? { servername: name } : {};
}

async function pem(file: string | undefined): Promise<string | undefined> {
  if (file === undefined) return undefined;
  try {
    return await readFile(file, 'utf8');
  } catch (cause) {
    throw new WillisError(
      'TLS_FILES_UNREADABLE',
      `${file}, named under "tls" of a destination, cannot be read. Check the path and its permissions.`,
      { cause, retry: 'later' },
    );
  }
}

function unreachable(peer: { aeTitle?: string; host: string; port: number }, cause: Error): WillisError {
  const place = `${peer.host}:${peer.port}`;
  const who = peer.aeTitle === undefined ? place : `${peer.aeTitle} at ${place}`;
  return new WillisError(
    'PEER_UNREACHABLE',
    `${who} cannot be reached (${cause.message}). Is it running, and is a firewall between?`,
    { cause, retry: 'later' },
  );
}
