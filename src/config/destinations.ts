import { z } from 'zod';

/** AE: at most 16 characters, no control characters or backslash, not only spaces; those around it say nothing (PS3.5 6.2). */
export const aeTitle = z
  .string()
  .trim()
  .regex(/^(?! *$)[\x20-\x5B\x5D-\x7E]{1,16}$/, 'an AE title has 1 to 16 characters, no backslash');
export const port = z.int().min(1).max(65535);
export const seconds = z.number().positive();

/** Every result that a destination can ask for. */
export const resultKinds = [
  'summary',
  'summary-grey',
  'heatmap',
  'heatmap-multiframe',
  'heatmap-grey',
  'key-views',
  'cine',
  'curve',
  'pdf',
  'sr',
  'sr-comprehensive',
  'sr-basic-text',
  'seg',
  'parametric-map',
  'kos',
  'presentation-state',
] as const;
const resultKind = z.enum(resultKinds);

/** Made of every series, what tells its outcome, the best first; the others only where there is something to show. */
export const tellingKinds: readonly (typeof resultKinds)[number][] = [
  'summary',
  'sr',
  'pdf',
  'summary-grey',
  'sr-comprehensive',
  'sr-basic-text',
];

/** What goes instead of a result that a PACS does not take; each may have substitutes of its own. */
export const defaultFallbacks = {
  sr: ['sr-comprehensive', 'sr-basic-text'],
  'sr-comprehensive': ['sr-basic-text'],
  summary: ['summary-grey'],
  'heatmap-multiframe': ['heatmap'],
  heatmap: ['heatmap-grey'],
  seg: ['heatmap'],
  'parametric-map': ['heatmap'],
  cine: ['key-views'],
  pdf: ['summary'],
  'presentation-state': ['key-views'],
} as const satisfies Fallbacks;

const file = z.string().min(1);
export const tls = z
  .strictObject({
    ca: file.optional().describe('PEM file: who signs its certificate; left out: the public authorities'),
    cert: file.optional().describe('PEM file: our certificate, where it wants one'),
    key: file.optional().describe('PEM file: the key of our certificate'),
    serverName: z.string().min(1).optional().describe('Name in its certificate; left out: its host'),
  })
  .refine(({ cert, key }) => (cert === undefined) === (key === undefined), 'cert and key go together')
  .describe('TLS 1.2 or newer, its certificate always verified (PS3.15 B.12)');

/** A second port that speaks TLS only. */
export const serverTls = z
  .strictObject({
    port: port.default(2762),
    cert: file.describe('PEM file: our certificate'),
    key: file.describe('PEM file: its key'),
    ca: file
      .optional()
      .describe('PEM file: callers need a certificate signed by it; left out: none is asked for'),
  })
  .describe('A second port, for TLS 1.2 or newer (PS3.15 B.12)');

const hl7Text = z.string().max(180);
const hl7 = z
  .strictObject({
    host: z.string().min(1),
    port,
    tls: tls.optional(),
    sendingApplication: hl7Text.default('WILLIS'),
    sendingFacility: hl7Text.default(''),
    receivingApplication: hl7Text.default(''),
    receivingFacility: hl7Text.default(''),
  })
  .describe('After the results an ORU^R01 (HL7 v2.5.1) over MLLP, sent until it is acknowledged with AA');

const instanceAvailability = z
  .strictObject({ aeTitle, host: z.string().min(1), port, tls: tls.optional() })
  .describe('Who is told by Instance Availability Notification that the results lie in this PACS');

const common = {
  name: z.string().regex(/^[A-Za-z0-9_-]{1,64}$/, 'letters, digits, - and _'),
  results: z
    .array(resultKind)
    .refine(
      (kinds) => kinds.some((kind) => tellingKinds.includes(kind)),
      `at least one of ${tellingKinds.join(', ')}: the others are not made of a series with "no findings" or "not analysed", of which this destination would never hear`,
    )
    .default(['summary', 'heatmap', 'sr']),
  fallbacks: z
    .partialRecord(resultKind, z.array(resultKind))
    .default({})
    .describe(
      'What to send instead of a refused result, in order; replaces the default of the kinds it names',
    ),
  compression: z
    .enum(['none', 'rle', 'jpeg-ls', 'jpeg-2000'])
    .default('none')
    .describe('Lossless, for pictures; without it where the destination does not take it'),
  firstRetrySeconds: seconds.default(5),
  longestRetrySeconds: seconds.default(600),
  hl7: hl7.optional(),
};

const dicomDestination = z.strictObject({
  type: z.literal('dicom').optional(),
  ...common,
  aeTitle: aeTitle.describe('Called AE title of the PACS'),
  host: z.string().min(1),
  port,
  tls: tls.optional(),
  commitment: z.boolean().default(false).describe('Ask for storage commitment after delivery'),
  commitmentTimeoutSeconds: seconds
    .default(3600)
    .describe('Without a report for so long, the results are sent and asked for again'),
  instanceAvailability: instanceAvailability.optional(),
});

export const webAddress = z
  .url({ protocol: /^https?$/ })
  .refine((url) => !url.includes('@'), 'secrets have keys of their own and do not go into the address');

const web = {
  url: webAddress.describe('DICOMweb root, the part before /studies'),
  headers: z.record(z.string(), z.string()).default({}),
  bearerToken: z.string().min(1).optional(),
  basic: z.strictObject({ user: z.string(), password: z.string() }).optional(),
  tls: tls.optional(),
};

const stowDestination = z.strictObject({ type: z.literal('stow-rs'), ...common, ...web });

/** A PACS that gets results, by C-STORE (the default) or STOW-RS. */
export const destination = z
  .discriminatedUnion('type', [dicomDestination, stowDestination])
  .transform((one) => ({ ...one, fallbacks: { ...defaultFallbacks, ...one.fallbacks } }));

type Fallbacks = Readonly<
  Partial<Record<(typeof resultKinds)[number], readonly (typeof resultKinds)[number][]>>
>;

/** Where earlier studies of a patient are fetched from, when a series of this patient is analysed. */
export const priors = z
  .strictObject({
    source: z.discriminatedUnion('type', [
      z.strictObject({
        type: z.literal('dicom').optional(),
        ...{ aeTitle, host: z.string().min(1), port, tls: tls.optional() },
      }),
      z.strictObject({ type: z.literal('dicomweb'), ...web }),
    ]),
    maxStudies: z.int().min(1).max(20).default(2).describe('The newest so many'),
    lookbackDays: z.int().min(1).default(3650),
  })
  .describe('Earlier studies of the patient are fetched for comparison; they get no result of their own');
