export { startReceiver, type Receiver } from './receiver.ts';
export { isLastingRefusal, sendInstances } from './sender.ts';
export type {
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
