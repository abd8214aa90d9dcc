import { hexWord } from '../dicom/index.ts';
import { WillisError } from '../errors.ts';
import { contextResultText } from './association-request.ts';
import { createRequest } from './command.ts';
import { acceptedContext, messageContexts } from './commitment.ts';
import { messageDataset } from './event-report.ts';
import { openAssociation, type RequestorOptions } from './requestor.ts';
import type { PeerAddress } from './types.ts';

export const instanceAvailability = '1.2.840.10008.5.1.4.33';
const sopClassUid = instanceAvailability;

/** The instances of one study that can be had from an archive. */
export interface Availability {
  /** Of the notification itself. */
  readonly sopInstanceUid: string;
  readonly studyInstanceUid: string;
  readonly retrieveAeTitle: string;
  readonly instances: readonly {
    readonly seriesInstanceUid: string;
    readonly sopClassUid: string;
    readonly sopInstanceUid: string;
  }[];
}

/** Instance Availability Notification (N-CREATE, PS3.4 R). Throws as `openAssociation` does, or AVAILABILITY_REFUSED. */
export async function notifyAvailability(
  peer: PeerAddress,
  availability: Availability,
  options: RequestorOptions,
): Promise<void> {
  const contexts = messageContexts(sopClassUid);
  await using association = await openAssociation(peer, contexts, options);
  const context = acceptedContext(association, contexts);
  if (context === undefined)
    throw refused(peer, contextResultText(association.grant.results.get(contexts[0]!.id)));
  const series = Map.groupBy(availability.instances, ({ seriesInstanceUid }) => seriesInstanceUid);
  const dataset = {
    ReferencedPerformedProcedureStepSequence: [],
    StudyInstanceUID: availability.studyInstanceUid,
    ReferencedSeriesSequence: [...series].map(([seriesInstanceUid, instances]) => ({
      SeriesInstanceUID: seriesInstanceUid,
      ReferencedSOPSequence: instances.map((instance) => ({
        ReferencedSOPClassUID: instance.sopClassUid,
        ReferencedSOPInstanceUID: instance.sopInstanceUid,
        InstanceAvailability: 'ONLINE',
        RetrieveAETitle: availability.retrieveAeTitle,
      })),
    })),
  };
  const { sopInstanceUid } = availability;
  await association.writeMessage(
    context.id,
    createRequest({ messageId: 1, sopClassUid, sopInstanceUid }),
    await messageDataset(dataset, context.transferSyntaxUid),
  );
  const { status } = await association.nextResponse();
  // 0111H: it has this very notification from an earlier try
  if (status !== 0x0000 && status !== 0x0111) throw refused(peer, `status ${hexWord(status ?? 0x0110)}H`);
}

function refused(peer: PeerAddress, why: string): WillisError {
  return new WillisError(
    'AVAILABILITY_REFUSED',
    `${peer.aeTitle} did not take the Instance Availability Notification: ${why}. Switch the service on there, or take "instanceAvailability" out of the destination.`,
    { retry: 'later' },
  );
}
