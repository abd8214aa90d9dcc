import type { SeriesFindings } from '../findings/index.ts';

/** What an ORU^R01 tells; texts as they are, not yet escaped. */
export interface ResultMessage {
  readonly controlId: string;
  readonly sentAt: Date;
  readonly from: { readonly application: string; readonly facility: string };
  readonly to: { readonly application: string; readonly facility: string };
  readonly patient: {
    readonly id: string;
    readonly issuer: string;
    /** PN as in DICOM: Family^Given^Middle^Prefix^Suffix, component groups after "=". */
    readonly name: string;
    readonly birthDate: string;
    readonly sex: string;
  };
  readonly study: {
    readonly accessionNumber: string;
    readonly studyInstanceUid: string;
    readonly date: string;
    readonly time: string;
  };
  readonly findings: SeriesFindings;
  /** What the bundle may be used for; every result says it. */
  readonly intendedUse: string;
}

/** An unsolicited result message of one analysis, HL7 v2.5.1 ORU^R01 (chapter 7), segments ended by CR, text in UTF-8. */
export function resultMessage(message: ResultMessage): string {
  const { controlId, sentAt, from, to, patient, study, findings } = message;
  const { status } = statements[findings.state];
  const segments = [
    [
      'MSH|^~\\&',
      ...[from.application, from.facility, to.application, to.facility].map(escaped),
      timestamp(sentAt),
      '',
      'ORU^R01^ORU_R01',
      escaped(controlId),
      'P',
      '2.5.1',
      ...['', '', 'AL', 'NE', '', 'UNICODE UTF-8'],
    ],
    [
      'PID|1',
      '',
      `${escaped(patient.id)}^^^${escaped(patient.issuer)}`,
      '',
      personName(patient.name),
      '',
      digits(patient.birthDate),
      escaped(patient.sex),
    ],
    [
      'OBR|1',
      '',
      escaped(study.accessionNumber),
      `WILLIS^${escaped(`Willis ${findings.pipeline}`)}^L`,
      ...['', '', `${digits(study.date)}${digits(study.time)}`],
      ...Array.from({ length: 14 }, () => ''),
      timestamp(sentAt),
      ...['', ''],
      status,
    ],
    ...observations(message).map((observation, index) => obx(observation, index + 1, status)),
  ];
  return segments.map((fields) => `${fields.join('|')}\r`).join('');
}

/** HL7 v2.5.1 2.7: the delimiters and the escape character by their sequences, line ends as .br, other controls dropped. */
export function escaped(text: string): string {
  return text
    .replace(/[\\|^&~]/g, (character) => `\\${escapes[character]!}\\`)
    .replace(/\r\n|\r|\n/g, '\\.br\\')
    .replace(/[\x00-\x1F\x7F]/g, '');
}

const escapes: Readonly<Record<string, string>> = { '\\': 'E', '|': 'F', '^': 'S', '&': 'T', '~': 'R' };

interface Observation {
  readonly type: 'CWE' | 'NM' | 'ST';
  /** OBX-3: code^text^system, escaped already. */
  readonly what: string;
  /** OBX-4: the number of the finding. */
  readonly sub: string;
  readonly value: string;
  readonly unit?: string;
}

/** CID 6047 in codes and the same in words. X: results cannot be obtained (HL7 Table 0085). P: preliminary, no physician has looked. */
const statements = {
  findings: {
    status: 'P',
    code: '111242^All algorithms succeeded; with findings^DCM',
    text: 'Findings. Not verified by a physician.',
  },
  'no-findings': {
    status: 'P',
    code: '111241^All algorithms succeeded; without findings^DCM',
    text: 'No findings. Not verified by a physician.',
  },
  'not-analysed': {
    status: 'X',
    code: '111245^No algorithms succeeded; without findings^DCM',
    text: 'NOT ANALYSED. This is not a negative result.',
  },
} as const;

function observations({ findings, study, intendedUse }: ResultMessage): readonly Observation[] {
  const { code, text } = statements[findings.state];
  const words = (what: string, value: string): Observation => ({
    type: 'ST',
    what,
    sub: '',
    value: escaped(value),
  });
  const comment = '121106^Comment^DCM';
  return [
    { type: 'CWE', what: '111017^CAD Processing and Findings Summary^DCM', sub: '', value: code },
    words(comment, text),
    ...(findings.state === 'not-analysed'
      ? [words(comment, `${findings.reason.code}: ${findings.reason.text}`)]
      : [probability(findings.probability, '')]),
    ...findings.findings.flatMap((finding, index) => findingObservations(finding, String(index + 1))),
    words('110180^Study Instance UID^DCM', study.studyInstanceUid),
    words('112002^Series Instance UID^DCM', findings.seriesInstanceUid),
    words('111001^Algorithm Name^DCM', findings.bundle.id),
    words('111003^Algorithm Version^DCM', findings.bundle.version),
    words(comment, intendedUse),
  ];
}

/** What of a finding goes into the message; a haemorrhage has a subtype and no site, an aneurysm a site. */
interface Told {
  readonly kind: string;
  readonly subtype?: string;
  readonly probability: number;
  readonly site?: {
    readonly value: string;
    readonly scheme: string;
    readonly meaning: string;
    readonly laterality: string | null;
    readonly modifier?: { readonly meaning: string };
  };
  readonly maxDiameterMm?: number;
  readonly volumeMm3?: number | null;
}

function findingObservations(finding: Told, sub: string): readonly Observation[] {
  const { site, subtype, maxDiameterMm, volumeMm3 } = finding;
  const what = finding.kind === 'aneurysm' ? '85659009^Aneurysm^SCT' : '50960005^Hemorrhage^SCT';
  const coded = (name: string, value: string): Observation => ({ type: 'CWE', what: name, sub, value });
  const part = [site?.modifier?.meaning.toLowerCase(), site?.laterality].filter((word) => word != null);
  const which = part.length === 0 ? '' : ` (${part.join(', ')})`;
  return [
    coded('121071^Finding^DCM', what),
    ...(subtype === undefined
      ? []
      : [{ type: 'ST', what: '121106^Comment^DCM', sub, value: escaped(subtype) } as const]),
    ...(site === undefined
      ? []
      : [
          coded(
            '363698007^Finding Site^SCT',
            [site.value, site.meaning + which, site.scheme].map(escaped).join('^'),
          ),
        ]),
    probability(finding.probability, sub),
    ...(maxDiameterMm === undefined
      ? []
      : [measure('81827009^Diameter^SCT', maxDiameterMm, 'mm^mm^UCUM', sub)]),
    ...(volumeMm3 === undefined || volumeMm3 === null
      ? []
      : [measure('118565006^Volume^SCT', volumeMm3, 'mm3^mm3^UCUM', sub)]),
  ];
}

function probability(value: number, sub: string): Observation {
  return {
    type: 'NM',
    what: '122157^Probability^DCM',
    sub,
    value: value.toFixed(3),
    unit: '1^no units^UCUM',
  };
}

function measure(what: string, value: number, unit: string, sub: string): Observation {
  return { type: 'NM', what, sub, value: value.toFixed(1), unit };
}

function obx(
  { type, what, sub, value, unit }: Observation,
  number: number,
  status: string,
): readonly string[] {
  return [`OBX|${number}`, type, what, sub, value, unit ?? '', '', '', '', '', status];
}

/** DICOM PN to HL7 XPN: HL7 has the suffix before the prefix. Each component group is a repetition of its own. */
function personName(name: string): string {
  return name
    .split('=')
    .filter((group) => group !== '')
    .map((group) => {
      const [family = '', given = '', middle = '', prefix = '', suffix = ''] = group.split('^').map(escaped);
      return [family, given, middle, suffix, prefix].join('^').replace(/\^+$/, '');
    })
    .join('~');
}

function digits(text: string): string {
  return text.replace(/\D.*$/, '');
}

/** With offset, so that nobody has to know where we are. */
function timestamp(date: Date): string {
  return `${date.toISOString().slice(0, 19).replace(/[-T:]/g, '')}+0000`;
}
