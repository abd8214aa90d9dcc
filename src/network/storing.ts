import type { Command } from './command.ts';
import type { InstanceSink } from './instance-sink.ts';
import type { AcceptedContext } from './negotiation.ts';
import type { ReceivedInstance, ReceiverOptions, ReceiverPort } from './types.ts';

/** C-STORE statuses (PS3.4 B.2.3). */
export const success = 0x0000;
export const outOfResources = 0xa700;
export const datasetDoesNotMatch = 0xa900;

/** A C-STORE whose data set is on its way. */
export interface Storing {
  readonly command: Command;
  readonly contextId: number;
  readonly context: AcceptedContext;
  /** Null while the object is drained: it cannot be kept, and the answer says so. */
  readonly sink: InstanceSink | null;
  readonly refusal: number;
  readonly startedAt: number;
  receivedBytes: number;
  /** Set for an N-EVENT-REPORT, whose data set is kept here instead of in a file. */
  readonly report?: Buffer[];
}

/** A commitment report on thousands of instances stays below this. */
export const longestReportBytes = 4 << 20;

/** A message whose data set goes nowhere yet. */
export function drained(command: Command, contextId: number, context: AcceptedContext): Storing {
  const refusal = outOfResources;
  return { command, contextId, context, sink: null, refusal, startedAt: Date.now(), receivedBytes: 0 };
}

/** True of an object that comes slower than an administrator wants to wait, once it had the time of a PDU to begin. */
export function isTooSlow(
  { startedAt, receivedBytes }: Storing,
  now: number,
  options: Pick<ReceiverOptions, 'pduTimeoutSeconds' | 'minimumRateBytesPerSecond'>,
): boolean {
  const seconds = (now - startedAt) / 1000;
  return seconds >= options.pduTimeoutSeconds && receivedBytes / seconds < options.minimumRateBytesPerSecond;
}

/** The status of the C-STORE: success only after file and row are durable; any failure leaves no file. */
export async function keepInstance(
  storing: Storing,
  from: { readonly callingAeTitle: string; readonly associationId: string },
  archive: { readonly port: ReceiverPort; readonly durability: ReceiverOptions['durability'] },
): Promise<number> {
  const { sink } = storing;
  if (sink === null) return storing.refusal;
  try {
    await sink.finish(archive.durability === 'full');
    const status = await archive.port.commit(describe(storing, sink, from));
    if (status !== success) sink.discard();
    return status;
  } catch {
    sink.discard();
    return outOfResources;
  } finally {
    sink.release();
  }
}

function describe(
  storing: Storing,
  sink: InstanceSink,
  from: { readonly callingAeTitle: string; readonly associationId: string },
): ReceivedInstance {
  return {
    ...from,
    path: sink.path,
    sizeBytes: sink.sizeBytes,
    sopClassUid: storing.context.abstractSyntaxUid,
    sopInstanceUid: storing.command.affectedSopInstanceUid!,
    transferSyntaxUid: storing.context.transferSyntaxUid,
    moveOriginatorAeTitle: storing.command.moveOriginatorAeTitle,
    head: sink.datasetHead,
    datasetOffset: sink.datasetOffset,
  };
}
