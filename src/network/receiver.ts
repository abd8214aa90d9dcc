import { randomUUID } from 'node:crypto';
import net from 'node:net';
import tls from 'node:tls';
import { WillisError } from '../errors.ts';
import { Connection, type PeerStream } from './connection.ts';
import type { Rejection, Requestor } from './negotiation.ts';
import { oldestTls, readTlsFiles } from './connect.ts';
import { readIntoOneBuffer } from './one-buffer.ts';
import { SpareFiles } from './spare-files.ts';
import type { ReceiverOptions, ReceiverPort } from './types.ts';

/** A listening Storage and Verification SCP; disposing it lets objects under way finish for a moment, then closes. */
export interface Receiver extends AsyncDisposable {
  readonly port: number;
}

const timeCheckMs = 250;
/** Beyond maxAssociations this many connections may wait for a polite rejection; further ones are closed at once. */
const politeConnections = 64;
/** A peer that lost its power says nothing: the system asks after a minute of silence, and a connection without answer counts as lost. */
const lines = { noDelay: true, keepAlive: true, keepAliveInitialDelay: 60_000 };
const closeGraceMs = 150;
const shutDownMs = 5000;

/** Starts the receiver; throws PORT_UNAVAILABLE. Everything a peer can do is limited and timed (docs/architecture.md, invariant 5). */
export async function startReceiver(options: ReceiverOptions, port: ReceiverPort): Promise<Receiver> {
  const open = new Set<Connection>();
  const sockets = new Set<net.Socket>();
  const files = new SpareFiles(() => port.allocate());
  const admit = (requestor: Requestor, remoteAddress: string): Rejection | null =>
    identityProblem(requestor, remoteAddress, options) ?? pressureProblem(open, options, port);
  const server = await createServer(options, port, (accepted) => {
    if (sockets.size >= options.maxAssociations + politeConnections) return void accepted.destroy();
    const connection: Connection = serve(
      accepted,
      (stream) => new Connection(randomUUID(), { stream, options, port, files, admit }),
      {
        opened: (socket) => sockets.add(socket),
        closed: (socket) => {
          sockets.delete(socket);
          open.delete(connection);
        },
      },
    );
    open.add(connection);
  });
  await listen(server, options);
  const clock = setInterval(() => {
    const now = Date.now();
    for (const connection of open) connection.checkTime(now);
  }, timeCheckMs);
  return {
    port: (server.address() as net.AddressInfo).port,
    [Symbol.asyncDispose]: async () => {
      server.close();
      await finishWork(open);
      clearInterval(clock);
      for (const connection of open) connection.shutDown();
      for (const socket of sockets) socket.destroy();
      await files[Symbol.asyncDispose]();
    },
  };
}

/** Where certificates are configured nobody is heard before the handshake (PS3.15 B.12); a `ca` asks callers for theirs. */
async function createServer(
  options: ReceiverOptions,
  port: ReceiverPort,
  accept: (socket: net.Socket) => void,
): Promise<net.Server> {
  if (options.tls === undefined) return net.createServer({ ...lines, pauseOnConnect: true }, accept);
  const files = await readTlsFiles(options.tls);
  const asks = files.ca === undefined ? {} : { requestCert: true, rejectUnauthorized: true };
  const handshakeTimeout = options.associationTimeoutSeconds * 1000;
  const server = tls.createServer(
    { ...files, ...asks, minVersion: oldestTls, handshakeTimeout, ...lines },
    accept,
  );
  server.maxConnections = options.maxAssociations + politeConnections;
  server.on('tlsClientError', (error, socket) => {
    const text = `${socket.remoteAddress ?? 'a caller'} failed the TLS handshake (${error.message})`;
    port.associationClosed({
      ...{ id: randomUUID(), ending: 'rejected', refused: 0, missing: [], text },
      ...{
        callingAeTitle: '',
        remoteAddress: socket.remoteAddress ?? '',
        isStranger: false,
        negotiation: [],
      },
    });
    socket.destroy();
  });
  return server;
}

function serve(
  accepted: net.Socket,
  connect: (stream: PeerStream) => Connection,
  track: { opened: (socket: net.Socket) => void; closed: (socket: net.Socket) => void },
): Connection {
  const held: { connection?: Connection } = {};
  const take = (chunk: Buffer): void => held.connection?.receive(chunk);
  const socket =
    accepted instanceof tls.TLSSocket ? readDecrypted(accepted, take) : readIntoOneBuffer(accepted, take);
  track.opened(socket);
  const made = connect(peerStream(socket));
  held.connection = made;
  socket.on('error', () => made.disconnected());
  socket.on('end', () => {
    made.disconnected();
    socket.destroy();
  });
  socket.on('close', () => {
    made.disconnected();
    track.closed(socket);
  });
  socket.resume();
  return made;
}

/** Decryption allocates anyway, so the ordinary events serve. */
function readDecrypted(socket: tls.TLSSocket, take: (chunk: Buffer) => void): net.Socket {
  return socket.on('data', take).pause();
}

/** An address can be written in several ways: IPv6 with more or fewer zeros, IPv4 inside IPv6. */
function plainAddress(address: string): string {
  const canonical = net.isIPv6(address)
    ? new net.SocketAddress({ address, family: 'ipv6' }).address
    : address;
  return canonical.replace(/^::ffff:(?=\d+\.)/, '');
}

function peerStream(socket: net.Socket): PeerStream {
  return {
    remoteAddress: plainAddress(socket.remoteAddress ?? 'unknown'),
    write: (bytes) => {
      if (socket.writable) socket.write(bytes);
    },
    pause: () => {
      socket.pause();
    },
    resume: () => {
      if (!socket.destroyed) socket.resume();
    },
    close: () => {
      socket.end();
      // a peer that does not close must not keep the socket
      setTimeout(() => socket.destroy(), closeGraceMs).unref();
    },
  };
}

/** Who may call, and by which name (PS3.8 Table 9-21: source 1, permanent). */
function identityProblem(
  requestor: Requestor,
  remoteAddress: string,
  options: ReceiverOptions,
): Rejection | null {
  const { callingAeTitle, calledAeTitle } = requestor;
  if (!options.acceptAnyCalledAeTitle && calledAeTitle !== options.aeTitle) {
    const text = `it called us "${calledAeTitle}", our AE title is "${options.aeTitle}"; correct the AE title in the calling device`;
    return { result: 1, source: 1, reason: 7, text };
  }
  if (options.callers.length === 0) return null;
  const named = options.callers.filter((caller) => caller.aeTitle === callingAeTitle);
  if (named.some(({ host }) => host === undefined || plainAddress(host) === remoteAddress)) return null;
  const why =
    named.length > 0
      ? `calls from ${remoteAddress}, not from its configured address`
      : 'is not among the configured callers';
  return {
    result: 1,
    source: 1,
    reason: 3,
    text: `"${callingAeTitle}" ${why}; add it under dicom.callers if it belongs to you`,
  };
}

/** Too much at once is temporary: the peer comes again (source 3: 1 temporary congestion, 2 local limit exceeded). */
function pressureProblem(
  open: ReadonlySet<Connection>,
  options: ReceiverOptions,
  port: ReceiverPort,
): Rejection | null {
  const associations = [...open].filter((connection) => connection.isOpen).length;
  if (associations >= options.maxAssociations) {
    return {
      result: 2,
      source: 3,
      reason: 2,
      text: `${associations} associations are open, dicom.maxAssociations is ${options.maxAssociations}`,
    };
  }
  const admission = port.admit();
  return admission.kind === 'accept' ? null : { result: 2, source: 3, reason: 1, text: admission.why };
}

async function listen(server: net.Server, options: ReceiverOptions): Promise<void> {
  await new Promise<void>((resolve, reject) => {
    server.once('error', (cause: NodeJS.ErrnoException) => {
      const where = `${options.host}:${options.port}`;
      reject(
        new WillisError(
          'PORT_UNAVAILABLE',
          `Cannot listen on ${where} (${cause.code ?? cause.message}). Is another node running, or the port taken? Change dicom.port or stop the other program.`,
          { cause },
        ),
      );
    });
    server.listen(options.port, options.host, resolve);
  });
}

async function finishWork(open: ReadonlySet<Connection>): Promise<void> {
  const until = Date.now() + shutDownMs;
  while (Date.now() < until && [...open].some((connection) => connection.isWorking)) {
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}
