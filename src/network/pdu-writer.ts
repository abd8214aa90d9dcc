import { pduType } from './pdu-reader.ts';

/** A-ABORT (PS3.8 9.3.8). Source 2 is the service provider; reasons as in Table 9-26. */
export function abortPdu(source: 0 | 2, reason: number): Buffer {
  return Buffer.from([pduType.abort, 0, 0, 0, 0, 4, 0, 0, source, reason]);
}

/** A-RELEASE-RQ or A-RELEASE-RP (PS3.8 9.3.6, 9.3.7). */
export function releasePdu(type: 'request' | 'response'): Buffer {
  return Buffer.from([type === 'request' ? pduType.releaseRq : pduType.releaseRp, 0, 0, 0, 0, 4, 0, 0, 0, 0]);
}

/** Headers of a P-DATA-TF with one presentation data value of `length` bytes (PS3.8 9.3.5). */
export function dataHeader(
  contextId: number,
  length: number,
  flags: { isCommand: boolean; isLast: boolean },
): Buffer {
  const header = Buffer.alloc(12);
  header[0] = pduType.data;
  header.writeUInt32BE(length + 6, 2);
  header.writeUInt32BE(length + 2, 6);
  header[10] = contextId;
  header[11] = (flags.isCommand ? 1 : 0) | (flags.isLast ? 2 : 0);
  return header;
}

/** A whole command message in one P-DATA-TF. */
export function commandPdu(contextId: number, command: Buffer): Buffer {
  return Buffer.concat([dataHeader(contextId, command.length, { isCommand: true, isLast: true }), command]);
}

/** Bytes of a command or data set as P-DATA-TF PDUs of at most `chunkBytes` of it each, in one buffer for one write. */
export function dataPdus(
  contextId: number,
  bytes: Buffer,
  { chunkBytes, isCommand, isEnd }: { chunkBytes: number; isCommand: boolean; isEnd: boolean },
): Buffer {
  const parts: Buffer[] = [];
  for (let at = 0; at < bytes.length; at += chunkBytes) {
    const chunk = bytes.subarray(at, at + chunkBytes);
    const isLast = isEnd && at + chunkBytes >= bytes.length;
    parts.push(dataHeader(contextId, chunk.length, { isCommand, isLast }), chunk);
  }
  return Buffer.concat(parts);
}
