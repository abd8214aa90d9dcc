import { InvalidArgumentError } from 'commander';
import type { PeerAddress } from '../network/index.ts';

/** Parses AE@HOST:PORT; an IPv6 host stands in brackets. */
export function parsePeer(text: string): PeerAddress {
  const match = /^([^@\\]{1,16})@(\[[0-9a-fA-F:]+\]|[^:@]+):(\d{1,5})$/.exec(text);
  const port = Number(match?.[3]);
  if (match === null || port < 1 || port > 65535) {
    throw new InvalidArgumentError(`"${text}" is not AE@HOST:PORT, for example ORTHANC@127.0.0.1:4242.`);
  }
  return { aeTitle: match[1]!, host: match[2]!.replace(/^\[|\]$/g, ''), port };
}
