export { startReceiver, type Receiver } from './receiver.ts';
export { sendInstances } from './sender.ts';
export type {
  AssociationSummary,
  OutgoingInstance,
  PeerAddress,
  ReceivedInstance,
  ReceiverPort,
  SendOutcome,
} from './types.ts';
export { verify } from './verification.ts';
