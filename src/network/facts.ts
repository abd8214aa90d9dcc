import { implementation } from '../dicom/index.ts';
import { instanceAvailability } from './availability.ts';
import { oldestTls } from './connect.ts';
import { storageCommitment } from './event-report.ts';
import { storageRoot, verification } from './negotiation.ts';
import { queryRetrieve } from './query.ts';
import { ourMaxPduBytes } from './requestor.ts';

/** What the conformance statement says of the network, taken from the code that does it. */
export const networkFacts = {
  verification,
  storageRoot,
  storageCommitment: storageCommitment.sopClassUid,
  instanceAvailability,
  ...queryRetrieve,
  implementation,
  maxPduBytes: ourMaxPduBytes,
  oldestTls,
} as const;
