import type { Config } from '../../config/index.ts';
import { decodableSyntaxes, losslessSyntaxes } from '../../dicom/index.ts';
import { networkFacts } from '../../network/index.ts';
import { createdSopClasses } from './objects.ts';
import { blocks, bullets, table } from './tables.ts';
import { uidName } from './uids.ts';

const implicit = '1.2.840.10008.1.2';
const explicit = '1.2.840.10008.1.2.1';

/** Section 1: the services at a glance. */
export function overview(): string {
  const { verification, storageCommitment, instanceAvailability, find, move, storageRoot } = networkFacts;
  const named = (uid: string, scu: string, scp: string): readonly string[] => [uidName(uid), uid, scu, scp];
  return blocks(
    '## 1 Conformance Statement Overview',
    'Willis receives head studies, analyses the series it has a model for, and returns pictures, reports and segmentations to the archive. Network only; no media.',
    table(
      ['DIMSE service, SOP Class', 'UID', 'SCU', 'SCP'],
      [
        named(verification, 'yes', 'yes'),
        ['Storage, every SOP Class, known or not', `${storageRoot}*`, '-', 'yes'],
        ...createdSopClasses.map((uid) => named(uid, 'yes', 'yes')),
        named(storageCommitment, 'option', '-'),
        named(instanceAvailability, 'option', '-'),
        named(find, 'option', '-'),
        named(move, 'option', '-'),
      ],
    ),
    table(
      ['Web service', 'user agent', 'origin server'],
      [
        ['Studies Service, Store (STOW-RS)', 'option', '-'],
        ['Studies Service, Search (QIDO-RS)', 'option', '-'],
        ['Studies Service, Retrieve (WADO-RS)', 'option', '-'],
      ],
    ),
    'Beside DICOM: HL7 v2.5.1 ORU^R01 over MLLP as sender (option).',
  );
}

/** Section 4: how associations and requests go. */
export function services(config: Config): string {
  const { maxPduBytes, implementation } = networkFacts;
  const { dicom, node } = config;
  return blocks(
    '## 4 Services and interoperability',
    '### 4.1 Application Entity and associations',
    table(
      ['parameter', 'value', 'key'],
      [
        ['AE Title', node.aeTitle, 'node.aeTitle'],
        ['TCP port', String(dicom.port), 'dicom.port'],
        ['Implementation Class UID', implementation.classUid, '-'],
        ['Implementation Version Name', implementation.versionName, '-'],
        ['Maximum PDU length announced', `${maxPduBytes} bytes`, '-'],
        ['Associations accepted at once', String(dicom.maxAssociations), 'dicom.maxAssociations'],
        ['Associations initiated at once', 'one a destination and service', '-'],
        ['Asynchronous operations', 'one outstanding operation', '-'],
        ['User identity', 'not negotiated', '-'],
        [
          'From connection to A-ASSOCIATE-RQ',
          `${dicom.associationTimeoutSeconds} s`,
          'dicom.associationTimeoutSeconds',
        ],
        ['Idle association', `${dicom.idleTimeoutSeconds} s`, 'dicom.idleTimeoutSeconds'],
        ['Largest instance', `${dicom.maxInstanceMegabytes} MB`, 'dicom.maxInstanceMegabytes'],
      ],
    ),
    'Rejected: result 1, source 1, reason 7 for a wrong Called AE Title (unless `dicom.acceptAnyCalledAeTitle`), reason 3 for a caller that is not among `dicom.callers` where that is not empty; result 2, source 3, reason 1 where the disk is short, reason 2 at the limit of associations.',
    '### 4.2 Verification, Storage as SCP',
    'Of each presentation context the first proposed transfer syntax of the standard is accepted, compressed or not; instances are stored as they are sent, nothing is transcoded (level 2 in the sense of PS3.4 B.4.1). 0000H is answered when file and index row are flushed to disk. An instance that comes again with the same content is answered 0000H and kept once.',
    table(
      ['C-STORE status', 'meaning'],
      [
        ['0000H', 'stored and durable'],
        ['A700H', 'out of resources; send again'],
        ['A900H', 'the data set does not match the SOP Class or Instance UID of the command'],
        ['C000H', 'the data set cannot be read, or ends inside Pixel Data'],
      ],
    ),
    'How an association ends decides when and how its series are read: after A-RELEASE once no image has come for a few seconds; after an A-ABORT between two instances, all of them acknowledged, the same, but that nothing found is not told as a negative; after any other end first the sender is waited for, who may come again and release. Where an instance was refused or broke off midway and did not come again, the series ends as *not analysed*.',
    'Images in these transfer syntaxes can be analysed; others are stored and end as *not analysed*:',
    table(
      ['transfer syntax', 'UID'],
      decodableSyntaxes.map((uid) => [uidName(uid), uid]),
    ),
    ...asUser(config),
  );
}

function asUser(config: Config): readonly string[] {
  const compressed = Object.entries(losslessSyntaxes);
  return [
    '### 4.3 Storage as SCU',
    'One association a delivery; one presentation context for each pair of SOP Class and transfer syntax, so that the choice is ours:',
    table(
      ['order', 'transfer syntax', 'UID', 'for'],
      [
        ...compressed.map(([name, uid]) => [
          '1',
          uidName(uid),
          uid,
          `pictures, where \`compression\` is \`${name}\``,
        ]),
        ['2', uidName(explicit), explicit, 'every result: as it lies in the archive'],
        ['3', uidName(implicit), implicit, 'every result'],
      ],
    ),
    '0000H, B000H, B006H and B007H count as stored. A refused presentation context, 0117H, 0122H, A9xxH and CxxxH are lasting refusals: the next transfer syntax, then the next kind of `fallbacks` is sent, and index and log say what was given up; where nothing is left the result stays in the queue. Any other status is tried again, later each time.',
    '### 4.4 Storage Commitment as SCU',
    'Where `commitment` is true: after storage N-ACTION (Action Type 1) with all results stored, each request under a new Transaction UID. N-EVENT-REPORT is accepted for a second on the same association, and at any time on an association that the SCP initiates (SCP role by role selection; accepted without it too). Instances that the report names as failed or not at all are stored and asked for again; the same after `commitmentTimeoutSeconds` (default 3600) without a report. After eight requests the request is given up, visibly. Reports are answered 0000H; 0112H for a Transaction UID that is not ours, 0115H without one, 0110H where the index cannot be written.',
    '### 4.5 Instance Availability Notification as SCU',
    'Where `instanceAvailability` is set: N-CREATE when a delivery is complete, Instance Availability ONLINE, Retrieve AE Title that of the destination. 0000H and 0111H count as done.',
    '### 4.6 Query/Retrieve as SCU',
    `Where \`priors\` is set: C-FIND at STUDY level by Patient ID (0010,0020) and a range of Study Date (0008,0020), return keys Study Instance UID and Modalities in Study; matches with another Patient ID are dropped. Then C-MOVE of the newest studies of the same modality (default 2) to ${config.node.aeTitle}. Instances whose Move Originator Application Entity Title is ours are stored and compared with; they get no result of their own.`,
    '### 4.7 DICOMweb as user agent',
    bullets(
      'STOW-RS: POST {root}/studies, multipart/related with application/dicom, up to 32 MB of instances a request; the answer is read as application/dicom+json, Failed SOP Sequence as in 4.3.',
      'QIDO-RS: GET {root}/studies by PatientID and StudyDate, GET {root}/studies/{uid}/instances; WADO-RS: one instance a request, transfer-syntax=*.',
      'Authentication: bearer token, Basic, or client certificate.',
    ),
  ];
}
