/** An audit message of PS3.15 A.5, before it is written as XML. */
export interface AuditMessage {
  readonly event: AuditEvent;
  readonly type?: AuditEventType | undefined;
  /** Create, Read, Update, Delete, Execute. */
  readonly action: 'C' | 'R' | 'U' | 'D' | 'E';
  readonly at: number;
  readonly succeeded: boolean;
  readonly participants: readonly AuditParticipant[];
  readonly patientId?: string | undefined;
  readonly studies?: readonly {
    readonly studyInstanceUid: string;
    readonly sopClasses: readonly SopClassCount[];
  }[];
  /** What was changed or used, where that is no study. */
  readonly object?: string | undefined;
}

export interface SopClassCount {
  readonly uid: string;
  readonly instances: number;
}

export interface AuditParticipant {
  readonly userId: string;
  /** AE titles of an application, a user's other name. */
  readonly alternativeId?: string | undefined;
  readonly isRequestor: boolean;
  readonly address?: string | undefined;
  readonly role?: 'source' | 'destination' | 'application' | undefined;
}

/** DCM codes of CID 400. */
const events = {
  'application activity': ['110100', 'Application Activity'],
  'instances transferred': ['110104', 'DICOM Instances Transferred'],
  'study deleted': ['110105', 'DICOM Study Deleted'],
  'security alert': ['110113', 'Security Alert'],
  'user authentication': ['110114', 'User Authentication'],
} as const;
export type AuditEvent = keyof typeof events;

/** DCM codes of CID 401. */
const eventTypes = {
  start: ['110120', 'Application Start'],
  stop: ['110121', 'Application Stop'],
  login: ['110122', 'Login'],
  logout: ['110123', 'Logout'],
  'software configuration': ['110131', 'Software Configuration'],
  'restricted function': ['110132', 'Use of Restricted Function'],
} as const;
export type AuditEventType = keyof typeof eventTypes;

/** DCM codes of CID 402. */
const roles = {
  application: ['110150', 'Application'],
  destination: ['110152', 'Destination Role ID'],
  source: ['110153', 'Source Role ID'],
} as const;

/** The message as XML (PS3.15 A.5.1); `sourceId` names this node. */
export function auditXml(message: AuditMessage, sourceId: string): string {
  const { event, type, action, at, succeeded } = message;
  const identification = element(
    'EventIdentification',
    {
      EventActionCode: action,
      EventDateTime: new Date(at).toISOString(),
      EventOutcomeIndicator: succeeded ? '0' : '8',
    },
    coded('EventID', events[event]),
    type === undefined ? '' : coded('EventTypeCode', eventTypes[type]),
  );
  return `<?xml version="1.0" encoding="UTF-8"?>${element(
    'AuditMessage',
    {},
    identification,
    ...message.participants.map(participant),
    // 4: application server process (PS3.15 A.5.2.5, DICOM Audit Source Type Code)
    element('AuditSourceIdentification', { AuditSourceID: sourceId, code: '4' }),
    ...objects(message),
  )}`;
}

function participant(one: AuditParticipant): string {
  return element(
    'ActiveParticipant',
    {
      UserID: one.userId,
      ...(one.alternativeId === undefined ? {} : { AlternativeUserID: one.alternativeId }),
      UserIsRequestor: String(one.isRequestor),
      // 2: IP address
      ...(one.address === undefined
        ? {}
        : { NetworkAccessPointID: one.address, NetworkAccessPointTypeCode: '2' }),
    },
    one.role === undefined ? '' : coded('RoleIDCode', roles[one.role]),
  );
}

function objects({ studies = [], patientId, object }: AuditMessage): readonly string[] {
  const all = studies.map(({ studyInstanceUid, sopClasses }) =>
    element(
      'ParticipantObjectIdentification',
      // a system object that is a report (study)
      {
        ParticipantObjectID: studyInstanceUid,
        ParticipantObjectTypeCode: '2',
        ParticipantObjectTypeCodeRole: '3',
      },
      coded('ParticipantObjectIDTypeCode', ['110180', 'Study Instance UID']),
      element('ParticipantObjectName', {}),
      element(
        'ParticipantObjectDescription',
        {},
        ...sopClasses.map(({ uid, instances }) =>
          element('SOPClass', { UID: uid, NumberOfInstances: String(instances) }),
        ),
      ),
    ),
  );
  if (patientId !== undefined)
    all.push(
      element(
        'ParticipantObjectIdentification',
        // a person who is the patient
        {
          ParticipantObjectID: patientId,
          ParticipantObjectTypeCode: '1',
          ParticipantObjectTypeCodeRole: '1',
        },
        coded('ParticipantObjectIDTypeCode', ['2', 'Patient Number'], 'RFC-3881'),
        element('ParticipantObjectName', {}),
      ),
    );
  if (object !== undefined)
    all.push(
      element(
        'ParticipantObjectIdentification',
        // a system object that is a security resource
        { ParticipantObjectID: object, ParticipantObjectTypeCode: '2', ParticipantObjectTypeCodeRole: '13' },
        coded('ParticipantObjectIDTypeCode', ['12', 'URI'], 'RFC-3881'),
        element('ParticipantObjectName', {}),
      ),
    );
  return all;
}

function coded(name: string, [code, meaning]: readonly [string, string], scheme = 'DCM'): string {
  return element(name, { 'csd-code': code, codeSystemName: scheme, originalText: meaning });
}

function element(
  name: string,
  attributes: Readonly<Record<string, string>>,
  ...inner: readonly string[]
): string {
  const written = Object.entries(attributes).map(([key, value]) => ` ${key}="${escaped(value)}"`);
  const content = inner.join('');
  return content === ''
    ? `<${name}${written.join('')}/>`
    : `<${name}${written.join('')}>${content}</${name}>`;
}

/** XML 1.0 knows no control characters at all, not even escaped. */
function escaped(text: string): string {
  return text
    .replace(/[\u0000-\u0008\u000B\u000C\u000E-\u001F\uFFFE\uFFFF]/g, ' ')
    .replace(/&/g, '&amp;')
    .replace(/</g, '&lt;')
    .replace(/>/g, '&gt;')
    .replace(/"/g, '&quot;')
    .replace(/[\t\r\n]/g, (character) => `&#${character.charCodeAt(0)};`);
}
