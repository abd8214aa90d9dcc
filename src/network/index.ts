export { startReceiver, type Receiver } from './receiver.ts';
export { sendInstances } from './sender.ts';
export type {
  AssociationSummary,
  CommitmentReport,
  Conversion,
  OutgoingInstance,
  PeerAddress,
  ReceivedInstance,
  ReceiverPort,
  SendOutcome,
  TlsFiles,
} from './types.ts';
export { verify } from './verification.ts';
export { requestCommitment } from './commitment.ts';
export { stowInstances, type WebServer } from './dicomweb.ts';
export { checkWebServer } from './dicomweb-check.ts';
export { notifyAvailability } from './availability.ts';
export { sendHl7 } from './mllp.ts';
export { retrieveStudy, searchStudies } from './dicomweb-retrieve.ts';
export { findMatches, moveStudy } from './query.ts';
export { networkFacts } from './facts.ts';
export { sendSyslog, type SyslogCollector } from './syslog.ts';
