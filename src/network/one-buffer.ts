import net from 'node:net';

const bufferBytes = 262_144;

/**
 * Reads an accepted socket into one fixed buffer that is used again for every chunk: without it each chunk is a new
 * allocation, and garbage collection bounds the rate (docs/performance.md). Node offers this (`onread`) to outgoing sockets only; for accepted ones
 * it takes the socket's handle over. Where a Node has no such handle the ordinary events serve.
 */
export function readIntoOneBuffer(accepted: net.Socket, take: (chunk: Buffer) => void): net.Socket {
  const inner = accepted as unknown as { _handle: object | null };
  const handle = inner._handle;
  if (handle === null || !('useUserBuffer' in handle)) {
    accepted.on('data', take);
    accepted.pause();
    return accepted;
  }
  inner._handle = null;
  const socket = new net.Socket({
    handle,
    readable: true,
    writable: true,
    allowHalfOpen: false,
    pauseOnCreate: true,
    onread: {
      buffer: Buffer.allocUnsafeSlow(bufferBytes),
      callback: (length: number, buffer: Uint8Array) => {
        take(Buffer.from(buffer.buffer, buffer.byteOffset, length));
        return true;
      },
    },
  } as unknown as net.SocketConstructorOpts);
  // the server counts the accepted socket; it goes with the one that took its handle
  socket.once('close', () => accepted.destroy());
  return socket;
}
