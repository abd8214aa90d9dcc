import { z } from 'zod';
import { role, time } from './contract-system.ts';

/** What the API answers. The page uses these types, and the OpenAPI description is made from them. Times are ms since 1970 UTC. */
export * from './contract-system.ts';

const reason = z.object({ code: z.string(), text: z.string() }).nullable();
export const seriesState = z.enum(['receiving', 'queued', 'findings', 'no-findings', 'not-analysed']);

const session = z.object({
  name: z.string(),
  role,
  /** Sent back as X-Willis-Csrf with every request that changes something. */
  csrfToken: z.string(),
});

export const door = z.object({ setupNeeded: z.boolean(), session: session.nullable(), oidc: z.boolean() });

const durations = z.object({ count: z.number(), p50Seconds: z.number(), p95Seconds: z.number() });

export const overview = z.object({
  aeTitle: z.string(),
  addresses: z.array(z.string()),
  dicomPort: z.number(),
  version: z.string(),
  startedAt: time,
  providers: z.array(z.string()),
  ranLastOn: z.string().nullable(),
  threads: z.number(),
  settingsFault: z.string().nullable(),
  restartNeeded: z.array(z.string()),
  callersLimited: z.boolean(),
  destinations: z.number(),
  series: z.record(seriesState, z.number()),
  jobs: z.array(z.object({ kind: z.string(), waiting: z.number(), running: z.number(), dead: z.number() })),
  disk: z.object({
    freeBytes: z.number(),
    totalBytes: z.number(),
    usedBytesPerDay: z.number(),
    daysLeft: z.number().nullable(),
  }),
  failures: z.array(
    z.object({
      jobId: z.number(),
      kind: z.string(),
      key: z.string(),
      at: time,
      error: z.string(),
      /** False where the work waits because nobody runs its kind. */
      canRetry: z.boolean(),
    }),
  ),
  strangers: z.number(),
  doorToResult: z.array(durations.extend({ caller: z.string(), pipeline: z.string() })),
  instancesPerMinute: z.array(z.number()),
});

const studyLine = z.object({
  id: z.number(),
  studyInstanceUid: z.string(),
  patientName: z.string(),
  patientId: z.string(),
  patientBirthDate: z.string(),
  patientSex: z.string(),
  studyDate: z.string(),
  studyDescription: z.string(),
  accessionNumber: z.string(),
  lastReceivedAt: time,
  series: z.array(
    z.object({ id: z.number(), modality: z.string(), description: z.string(), state: seriesState, reason }),
  ),
});

export const studyPage = z.object({
  studies: z.array(studyLine),
  /** Pass as `after` for the next page; null at the end. */
  next: z.string().nullable(),
});

/** Instances of a series that came again with other content. */
export const quarantined = z.object({
  seriesId: z.number(),
  patientName: z.string(),
  patientId: z.string(),
  modality: z.string(),
  description: z.string(),
  caller: z.string(),
  copies: z.number(),
  receivedAt: time,
  /** Keywords of the attributes that differ, without their values. */
  /** Null where one of both cannot be read. */
  differs: z.array(z.string()).nullable(),
});

const ruleLine = z.object({ condition: z.string(), found: z.string(), holds: z.boolean() });
const explanation = z.object({ rule: z.string(), matches: z.boolean(), lines: z.array(ruleLine) });

const finding = z.object({
  number: z.number(),
  kind: z.string(),
  probability: z.number(),
  centreLpsMm: z.array(z.number()).nullable(),
  maxDiameterMm: z.number().nullable(),
  volumeMm3: z.number().nullable(),
  place: z.string(),
  keySopInstanceUid: z.string().nullable(),
  /** Of a haemorrhage: the slices that show it, numbered from 1 in the order of the stack, with a point to look at. */
  slices: z.array(
    z.object({
      number: z.number().nullable(),
      centreLpsMm: z.array(z.number()).nullable(),
      probability: z.number(),
    }),
  ),
  /** Against an earlier study, in words. */
  growth: z.string().nullable(),
});

/** Where a pipeline judges slice by slice: a value 0..1 a slice and class, in the order of the stack. */
const sliceCurve = z.object({
  centresLpsMm: z.array(z.array(z.number())),
  classes: z.array(z.object({ class: z.string(), values: z.array(z.number()) })),
});

const resultObject = z.object({
  kind: z.string(),
  ordinal: z.number(),
  sopInstanceUid: z.string(),
  seriesInstanceUid: z.string(),
  isPicture: z.boolean(),
});

const analysis = z.object({
  id: z.number(),
  rule: z.string(),
  pipeline: z.string(),
  bundle: z.string(),
  version: z.number(),
  supersedesId: z.number().nullable(),
  isNewest: z.boolean(),
  state: z.enum(['findings', 'no-findings', 'not-analysed']),
  reason,
  probability: z.number().nullable(),
  findings: z.array(finding),
  /** Against an earlier study, a sentence each; null where there was none. */
  comparison: z.object({ lines: z.array(z.string()) }).nullable(),
  finishedAt: time,
  timingsMs: z.record(z.string(), z.number()),
  hasMap: z.boolean(),
  sliceCurve: sliceCurve.nullable(),
  results: z.array(resultObject),
});

const pathStep = z.object({
  stage: z.enum(['received', 'judged', 'analysed', 'delivered']),
  state: z.enum(['done', 'waiting', 'running', 'failed', 'stopped']),
  title: z.string(),
  detail: z.string(),
  startedAt: time.nullable(),
  finishedAt: time.nullable(),
  jobId: z.number().nullable(),
  /** An administrator may start this step again. */
  canRetry: z.boolean(),
});

export const seriesDetail = z.object({
  id: z.number(),
  seriesInstanceUid: z.string(),
  studyInstanceUid: z.string(),
  studyId: z.number(),
  patientName: z.string(),
  patientId: z.string(),
  studyDate: z.string(),
  modality: z.string(),
  description: z.string(),
  caller: z.string(),
  instances: z.number(),
  sizeBytes: z.number(),
  state: seriesState,
  reason,
  path: z.array(pathStep),
  explanations: z.array(explanation),
  analyses: z.array(analysis),
  /** Series of the same patient and modality in other studies, newest first. */
  others: z.array(z.object({ id: z.number(), studyDate: z.string(), description: z.string() })),
});

export const reading = z.object({
  analysisId: z.number(),
  finding: z.number(),
  reader: z.string(),
  opinion: z.enum(['agree', 'disagree']).nullable(),
  rating: z.number().nullable(),
  comment: z.string(),
  at: time,
});

const destinationLine = z.object({
  name: z.string(),
  type: z.enum(['dicom', 'stow-rs']),
  address: z.string(),
  results: z.array(z.string()),
  /** What is special about it, in words. */
  notes: z.array(z.string()),
  /** As written in the configuration, its secrets hidden; null where it is not there. */
  configured: z.record(z.string(), z.unknown()).nullable(),
});

/** A pipeline run on uploaded files: what came out, and nothing of it sent. */
export const inferenceRun = z.object({
  id: z.string(),
  by: z.string(),
  startedAt: time,
  pipeline: z.string(),
  parameters: z.record(z.string(), z.number()),
  state: z.enum(['running', 'done', 'failed']),
  said: z.string(),
  series: z.array(
    z.object({
      description: z.string(),
      instances: z.number(),
      state: z.enum(['findings', 'no-findings', 'not-analysed']),
      reason,
      probability: z.number().nullable(),
      bundle: z.string(),
      findings: z.array(finding),
      /** Kinds of its pictures, in order. */
      pictures: z.array(z.string()),
    }),
  ),
});

export const devices = z.object({
  aeTitle: z.string(),
  dicomPort: z.number(),
  addresses: z.array(z.string()),
  callers: z.array(
    z.object({ aeTitle: z.string(), host: z.string().nullable(), lastSeenAt: time.nullable() }),
  ),
  destinations: z.array(destinationLine),
  /** Every kind of result a destination can ask for. */
  resultKinds: z.array(z.string()),
  strangers: z.array(
    z.object({
      aeTitle: z.string(),
      host: z.string(),
      calls: z.number(),
      lastSeenAt: time,
      why: z.string(),
    }),
  ),
  calls: z.array(
    z.object({ at: time, ending: z.string(), text: z.string(), negotiation: z.array(z.string()) }),
  ),
  settingsSha256: z.string(),
});

export const echo = z.object({ answered: z.boolean(), lines: z.array(z.string()) });

export const rules = z.object({
  rules: z.array(z.record(z.string(), z.unknown())),
  /** True while the shipped rules apply, because the configuration names none. */
  areShipped: z.boolean(),
  destinations: z.array(z.string()),
  pipelines: z.array(z.string()),
  settingsSha256: z.string(),
});

export const ruleTest = z.object({
  about: z.string(),
  explanations: z.array(explanation),
  takenBy: z.string().nullable(),
});

export const bundle = z.object({
  folder: z.string(),
  /** id@version, as rules name it; the folder of one that was refused. */
  name: z.string(),
  isUploaded: z.boolean(),
  refused: z.string().nullable(),
  id: z.string(),
  version: z.string(),
  title: z.string(),
  pipeline: z.string(),
  sha256: z.string(),
  synthetic: z.boolean(),
  intendedUse: z.string(),
  limits: z.array(z.string()),
  performance: z.record(z.string(), z.unknown()),
  training: z.record(z.string(), z.unknown()),
  usedByRules: z.array(z.string()),
  /** Numbers that can be changed for one run on uploaded files. */
  parameters: z.record(z.string(), z.number()),
  /** The box around a place that it is judged by, voxels to the Left, Posterior and Superior; null where whole slices are read. */
  networkInput: z.object({ voxels: z.array(z.number()).readonly(), spacingMm: z.number() }).nullable(),
  /** What the newest self-test said of it; null where there was none since it is here. */
  selfTest: z.object({ at: time, lines: z.array(z.string()) }).nullable(),
  /** The scores of its last days: how many scans, how many with findings, their mean probability. */
  drift: z.array(
    z.object({ day: z.string(), scans: z.number(), withFindings: z.number(), meanProbability: z.number() }),
  ),
});

export type Analysis = z.infer<typeof analysis>;
export type Bundle = z.infer<typeof bundle>;
export type NetworkInput = NonNullable<Bundle['networkInput']>;
export type Devices = z.infer<typeof devices>;
export type DestinationLine = z.infer<typeof destinationLine>;
export type Door = z.infer<typeof door>;
export type Echo = z.infer<typeof echo>;
export type Explanation = z.infer<typeof explanation>;
export type Finding = z.infer<typeof finding>;
export type InferenceRun = z.infer<typeof inferenceRun>;
export type Overview = z.infer<typeof overview>;
export type PathStep = z.infer<typeof pathStep>;
export type Quarantined = z.infer<typeof quarantined>;
export type Reading = z.infer<typeof reading>;
export type Rules = z.infer<typeof rules>;
export type RuleTest = z.infer<typeof ruleTest>;
export type SeriesDetail = z.infer<typeof seriesDetail>;
export type SeriesState = z.infer<typeof seriesState>;
export type SliceCurve = z.infer<typeof sliceCurve>;
export type Session = z.infer<typeof session>;
export type StudyLine = z.infer<typeof studyLine>;
export type StudyPage = z.infer<typeof studyPage>;
