import {
  encodeDataset,
  implicitVrLittleEndian,
  part10Header,
  readHeader,
  transcodeDataset,
} from '../dicom/index.ts';
import type { Dataset } from '../dicom/index.ts';
import { commandField, response, type Command } from './command.ts';
import type { CommitmentReport, ReceiverPort } from './types.ts';

/** Storage Commitment Push Model SOP Class and its well-known instance (PS3.4 J). */
export const storageCommitment = {
  sopClassUid: '1.2.840.10008.1.20.1',
  sopInstanceUid: '1.2.840.10008.1.20.1.1',
} as const;

/** N-EVENT-REPORT statuses (PS3.7 10.1.1.1.8). */
const processingFailure = 0x0110;
const noSuchSopClass = 0x0118;
const invalidArgument = 0x0115;

/** Hands a report to `port` and gives back the N-EVENT-REPORT-RSP; whatever is wrong with it becomes a status, never an error. */
export async function answerEventReport(
  command: Command,
  message: { readonly dataset: Buffer; readonly transferSyntaxUid: string },
  port: Pick<ReceiverPort, 'reported'>,
): Promise<Buffer> {
  const operation = {
    messageId: command.messageId ?? 0,
    sopClassUid: command.affectedSopClassUid ?? storageCommitment.sopClassUid,
    sopInstanceUid: command.affectedSopInstanceUid ?? storageCommitment.sopInstanceUid,
    ...(command.eventTypeId === undefined ? {} : { eventTypeId: command.eventTypeId }),
  };
  return response(commandField.nEventReportRsp, operation, await statusFor(command, message, port));
}

async function statusFor(
  command: Command,
  message: { readonly dataset: Buffer; readonly transferSyntaxUid: string },
  port: Pick<ReceiverPort, 'reported'>,
): Promise<number> {
  if (command.affectedSopClassUid !== storageCommitment.sopClassUid) return noSuchSopClass;
  try {
    const report = parseReport(message.dataset, message.transferSyntaxUid);
    if (report === undefined) return invalidArgument;
    return (await port.reported?.(report)) ?? processingFailure;
  } catch {
    // the peer is told that it did not work and may come again; the port tells the log why
    return processingFailure;
  }
}

function parseReport(dataset: Buffer, transferSyntaxUid: string): CommitmentReport | undefined {
  const attributes = readHeader(dataset, transferSyntaxUid, true);
  const transactionUid = attributes.text('TransactionUID');
  if (transactionUid === undefined) return undefined;
  return {
    transactionUid,
    committed: attributes
      .items('ReferencedSOPSequence')
      .flatMap((item) => item.text('ReferencedSOPInstanceUID') ?? []),
    failed: attributes.items('FailedSOPSequence').flatMap((item) => {
      const sopInstanceUid = item.text('ReferencedSOPInstanceUID');
      return sopInstanceUid === undefined
        ? []
        : [{ sopInstanceUid, reason: item.number('FailureReason') ?? processingFailure }];
    }),
  };
}

/** A data set as a message carries it, in the transfer syntax of its presentation context. */
export async function messageDataset(dataset: Dataset, transferSyntaxUid: string): Promise<Buffer> {
  const explicit = encodeDataset(dataset);
  if (transferSyntaxUid !== implicitVrLittleEndian) return explicit;
  const meta = {
    ...storageCommitment,
    transferSyntaxUid: '1.2.840.10008.1.2.1',
  };
  return await transcodeDataset(Buffer.concat([part10Header(meta), explicit]), transferSyntaxUid);
}
