import { WillisError } from '../errors.ts';
import { connect } from './connect.ts';
import type { TlsFiles } from './types.ts';

const startBlock = 0x0b;
const endBlock = 0x1c;
const carriageReturn = 0x0d;
const timeoutMs = 30_000;
const longestAnswerBytes = 1 << 20;

/** An HL7 v2 receiver that speaks MLLP. */
export interface MllpReceiver {
  readonly host: string;
  readonly port: number;
  readonly tls?: TlsFiles | undefined;
}

/**
 * Sends one HL7 v2 message over MLLP and waits for its acknowledgement. Throws PEER_UNREACHABLE, or HL7_NOT_ACKNOWLEDGED where the
 * answer is not AA (or CA) for this very message; both are worth another try.
 */
export async function sendHl7(receiver: MllpReceiver, message: string, controlId: string): Promise<void> {
  const socket = await connect(receiver, timeoutMs);
  try {
    const answer = new Promise<string>((resolve, reject) => {
      let got = Buffer.alloc(0);
      socket.on('data', (chunk: Buffer) => {
        got = Buffer.concat([got, chunk]);
        const end = got.indexOf(Buffer.from([endBlock, carriageReturn]));
        if (end >= 0) resolve(got.subarray(got.indexOf(startBlock) + 1, end).toString('utf8'));
        else if (got.length > longestAnswerBytes) reject(new Error('an answer without end'));
      });
      socket.once('error', reject);
      socket.once('close', () => reject(new Error('it closed the connection without an answer')));
      socket.setTimeout(timeoutMs, () => reject(new Error(`no answer for ${timeoutMs / 1000} s`)));
    });
    socket.write(
      Buffer.concat([
        Buffer.from([startBlock]),
        Buffer.from(message, 'utf8'),
        Buffer.from([endBlock, carriageReturn]),
      ]),
    );
    const fault = faultOf(await answer.catch((error: unknown) => error as Error), controlId);
    if (fault !== null) throw notAcknowledged(receiver, fault);
  } finally {
    socket.destroy();
  }
}

/** MSA-1 says how it went, MSA-2 of which message (HL7 v2.5.1 2.14.8). */
function faultOf(answer: string | Error, controlId: string): string | null {
  if (answer instanceof Error) return answer.message;
  const fields = answer
    .split(/[\r\n]+/)
    .find((segment) => segment.startsWith('MSA|'))
    ?.split('|');
  if (fields === undefined) return 'its answer has no MSA segment';
  if (fields[2] !== controlId) return 'it acknowledged another message';
  return fields[1] === 'AA' || fields[1] === 'CA' ? null : `it answered ${fields[1] ?? 'nothing'}`;
}

function notAcknowledged({ host, port }: MllpReceiver, why: string): WillisError {
  return new WillisError(
    'HL7_NOT_ACKNOWLEDGED',
    `The HL7 receiver at ${host}:${port} did not acknowledge the result message: ${why}. Look at its log; the message is sent again.`,
    { retry: 'later' },
  );
}
