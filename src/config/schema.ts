import { z } from 'zod';
import { aeTitle, destination, port, priors, seconds, serverTls } from './destinations.ts';
import { remote } from './inference.ts';
import { crontab, oidc, operations } from './operations.ts';
import { pipelineId } from './pipelines.ts';
import { headSeries, shippedRules } from './shipped-rules.ts';

const caller = z.strictObject({
  aeTitle: aeTitle.describe('Calling AE title the device uses'),
  host: z
    .union([z.ipv4(), z.ipv6()], {
      error: 'an IP address: a call shows no host name. Name the address, or leave host out',
    })
    .optional()
    .describe('IP address it must call from; left out: any'),
});

const node = z.strictObject({
  aeTitle: aeTitle.default('WILLIS').describe('Our own AE title'),
  dataDir: z.string().min(1).default('./data').describe('Folder of the archive and the index'),
  minimumFreeMegabytes: z
    .number()
    .nonnegative()
    .default(1024)
    .describe('Below this much free disk, associations are refused as temporarily congested'),
});

const dicom = z.strictObject({
  host: z.string().min(1).default('0.0.0.0'),
  port: port.default(11112),
  maxAssociations: z.int().min(1).max(1000).default(64),
  acceptAnyCalledAeTitle: z.boolean().default(false),
  callers: z.array(caller).default([]).describe('Devices that may call; empty: any device'),
  associationTimeoutSeconds: seconds.default(30).describe('From connection to A-ASSOCIATE-RQ'),
  idleTimeoutSeconds: seconds.default(600).describe('Without any message on an open association'),
  pduTimeoutSeconds: seconds.default(60).describe('For one PDU or one object to go on'),
  minimumRateBytesPerSecond: z.number().nonnegative().default(1024).describe('Slower objects are cut off'),
  maxInstanceMegabytes: z.number().positive().default(4096),
  tls: serverTls.optional(),
});

const series = z.strictObject({
  quietPeriodSeconds: seconds.default(30).describe('Without a new image, a series is judged'),
  quietPeriodAfterReleaseSeconds: z
    .number()
    .nonnegative()
    .default(5)
    .describe('The same, once the sender has released its association and the slices stack without a gap'),
  retryPeriodSeconds: seconds
    .default(300)
    .describe(
      'After an association broke off, or images were refused: so long the sender may come again before the series is called incomplete',
    ),
});

const range = z
  .strictObject({ min: z.number().optional(), max: z.number().optional() })
  .refine(({ min = -Infinity, max = Infinity }) => min <= max, 'min is larger than max: nothing is both');
const expression = z.string().refine(isRegularExpression, 'not a regular expression');

const conditions = z.strictObject({
  modality: z.string().optional(),
  sopClassUid: z.array(z.string()).optional(),
  text: expression.optional().describe('Looked for in Series Description, Protocol Name and Sequence Name'),
  textExcludes: expression
    .optional()
    .describe('Must be found neither there nor in Convolution Kernel, e.g. sharp kernels for bone and lung'),
  seriesDescription: expression.optional(),
  bodyPartExamined: z.array(z.string()).optional().describe('"" accepts a series that does not say'),
  scanningSequence: z.array(z.string()).optional(),
  mrAcquisitionType: z.string().optional(),
  imageTypeIncludes: z.array(z.string()).optional(),
  imageTypeExcludes: z.array(z.string()).optional(),
  manufacturer: expression.optional(),
  orientation: z.enum(['axial', 'coronal', 'sagittal', 'oblique']).optional(),
  slices: range.optional(),
  sliceSpacingMm: range.optional(),
  pixelSpacingMm: range.optional(),
});

/** A haemorrhage is in no list: what may be urgent never waits. */
const sendDuring = z
  .strictObject({
    window: crontab.describe('Minutes at which they may go; "* 20-23,0-5 * * *" is from 20:00 to 5:59'),
    waits: z
      .array(z.enum(['no-findings', 'not-analysed', 'aneurysms']))
      .min(1)
      .default(['no-findings'])
      .describe('Which results wait for it; a haemorrhage never does'),
  })
  .describe('Results that are not urgent go to the destinations in this window only');

const bundleName = z
  .string()
  .regex(/^[a-z0-9-]{1,64}@\d+\.\d+\.\d+$/, 'a bundle is named like tof-patch@1.0.0')
  .describe('id@version');

const rule = z.strictObject({
  name: z.string().min(1).max(64),
  when: conditions,
  pipeline: pipelineId,
  bundle: bundleName.optional().describe('id@version for this rule; left out: the one of inference.bundles'),
  alsoPipelines: z
    .array(pipelineId)
    .optional()
    .describe('Further pipelines on the same series; one report tells what each of them says'),
  sendTo: z.array(z.string()).default([]).describe('Names of destinations'),
  shadow: z.boolean().default(false).describe('Analyse, show on the page, send nothing'),
  sendDuring: sendDuring.optional(),
});

const unmatched = z
  .strictObject({
    sendTo: z.array(z.string()).min(1).describe('Names of destinations'),
    when: conditions
      .prefault(headSeries)
      .describe('Of which MR and CT series; left out: those of the head, and those that do not say'),
  })
  .describe(
    'Who gets a "not analysed" report of a series that no rule takes; left out: nobody, it is told on the page and in the log',
  );

const web = z.strictObject({
  enabled: z.boolean().default(true).describe('Page, API and DICOMweb'),
  host: z.string().min(1).default('127.0.0.1').describe('Beyond this machine: its address, with tls'),
  port: z.int().min(0).max(65_535).default(8080).describe('0 lets the system choose'),
  tls: z
    .strictObject({
      certificateFile: z.string().min(1).describe('PEM, with its chain'),
      keyFile: z.string().min(1).describe('PEM'),
    })
    .optional(),
  allowedHosts: z
    .array(z.string().min(1))
    .default([])
    .describe('Names by which browsers may call the page, beside addresses and localhost'),
  sessionIdleMinutes: z.number().positive().default(60),
  sessionHours: z.number().positive().default(12),
  oidc: oidc.optional(),
});

/** The whole configuration file; every key has a default, unknown keys are errors. */
export const configSchema = z
  .strictObject({
    node: node.prefault({}),
    dicom: dicom.prefault({}),
    series: series.prefault({}),
    destinations: z.array(destination).default([]),
    priors: priors.optional(),
    comparison: z
      .strictObject({
        enabled: z
          .boolean()
          .default(true)
          .describe('Whether growth since an earlier study of the patient is told'),
        waitSeconds: z
          .number()
          .min(0)
          .max(3600)
          .default(60)
          .describe(
            'How long a result waits at most for earlier studies to be fetched, and again for one to be read; then it goes without, and is replaced later',
          ),
      })
      .prefault({}),
    results: z
      .strictObject({
        language: z
          .enum(['en', 'de', 'es', 'fr'])
          .default('en')
          .describe('Of pictures and documents; coded reports stay in English'),
      })
      .prefault({}),
    rules: z
      .array(rule)
      .optional()
      .describe('First match wins. Left out: the shipped rules, sending to every destination'),
    unmatched: unmatched.optional(),
    inference: z
      .strictObject({
        providers: z
          .array(z.enum(['cuda', 'cpu']))
          .min(1)
          .default(['cpu']),
        threads: z.int().min(1).max(64).default(2),
        bundlesDir: z.string().min(1).optional().describe('Folder of bundles; left out: the shipped ones'),
        bundles: z
          .partialRecord(pipelineId, bundleName)
          .default({})
          .describe('Which bundle serves a pipeline; left out: the first in the folder of bundles'),
        remotes: z.array(remote).default([]).describe('Inference servers; this machine runs the rest'),
      })
      .prefault({}),
    index: z.strictObject({ engine: z.literal('sqlite').default('sqlite') }).prefault({}),
    web: web.prefault({}),
    operations: operations.prefault({}),
  })
  .transform((config) => ({
    ...config,
    rules: config.rules ?? shippedRules(config.destinations.map(({ name }) => name)),
  }))
  .superRefine((config, context) => {
    const refuseTwins = (path: readonly string[], names: readonly string[], what: string): void => {
      for (const name of new Set(names.filter((one, index) => names.indexOf(one) !== index)))
        context.addIssue({ code: 'custom', path: [...path], message: `two ${what} "${name}"` });
    };
    const names = config.destinations.map(({ name }) => name);
    refuseTwins(['destinations'], names, 'destinations are named');
    // jobs, routes and results know a rule by its name
    const ruleNames = config.rules.map(({ name }) => name);
    refuseTwins(['rules'], ruleNames, 'rules are named');
    const served = config.inference.remotes.flatMap(({ pipelines }) => pipelines);
    refuseTwins(['inference', 'remotes'], served, 'inference servers are to run');
    const senders = [
      ...config.rules.map(({ sendTo }, index) => ({ path: ['rules', index, 'sendTo'], sendTo })),
      { path: ['unmatched', 'sendTo'], sendTo: config.unmatched?.sendTo ?? [] },
    ];
    for (const { path, sendTo } of senders) {
      for (const name of sendTo.filter((name) => !names.includes(name))) {
        const message = `"${name}" is not a destination (known: ${names.join(', ') || 'none'})`;
        context.addIssue({ code: 'custom', path, message });
      }
    }
  });

export type Config = z.output<typeof configSchema>;

function isRegularExpression(text: string): boolean {
  try {
    return new RegExp(text, 'i').source !== '';
  } catch {
    return false;
  }
}
