import type { Requestor } from './negotiation.ts';

/** Who it was, as an administrator knows the device. */
export function callerName(requestor: Requestor | undefined, remoteAddress: string): string {
  return requestor === undefined ? remoteAddress : `${requestor.callingAeTitle} (${remoteAddress})`;
}

/** What became of its instances; nothing where it sent none. */
export function counted({ stored, refused }: { readonly stored: number; readonly refused: number }): string {
  if (stored + refused === 0) return '';
  return `; ${stored} instances stored${refused > 0 ? `, ${refused} refused` : ''}`;
}
