import path from 'node:path';
import { differences, runSelfTest, type AnalysisWorker, type Phantom } from './analysis/index.ts';
import type { ArchiveFiles, Database } from './archive/index.ts';
import { WillisError } from './errors.ts';
import type { SeriesFindings } from './findings/index.ts';
import type { Bundle } from './inference/index.ts';
import { goldenTolerance } from './node-bundles.ts';
import type { LiveSettings } from './node-settings.ts';
import { softwareVersion } from './version.ts';

export interface SelfTestParts {
  readonly database: Database;
  readonly files: ArchiveFiles;
  readonly worker: AnalysisWorker;
  readonly live: LiveSettings;
  readonly now: () => number;
}

const samples = path.join(import.meta.dirname, '..', 'test', 'samples');

/** Series that come with the node; their truth is known. */
const phantoms: readonly Phantom[] = [
  { name: 'tof-phantom', pipeline: 'tof-patch', folder: path.join(samples, 'tof-phantom') },
  { name: 'ncct-phantom', pipeline: 'ncct-haemorrhage', folder: path.join(samples, 'ncct-phantom') },
];

/** Every bundle: its golden vectors, and the shipped series of its pipeline, a line each. All are tried before a failure is told. */
export async function testAll(parts: SelfTestParts): Promise<string> {
  const said: string[] = [];
  const faults: string[] = [];
  for (const listed of await parts.live.bundles()) {
    const checks = listed.kind === 'refused' ? [refusalOf(listed)] : checksOf(parts, listed.bundle);
    for (const check of checks)
      await check().then(
        (line) => said.push(line),
        (error: unknown) => faults.push(error instanceof WillisError ? error.message : String(error)),
      );
  }
  if (faults.length === 0) return said.join(';\n');
  throw new WillisError('SELF_TEST_FAILED', [...faults, ...said].join(';\n'));
}

/** Resolves to a line, rejects with what is wrong. */
type Check = () => Promise<string>;

function refusalOf({ error }: { readonly error: WillisError }): Check {
  return async () => await Promise.reject(error);
}

function checksOf(parts: SelfTestParts, bundle: Bundle): readonly Check[] {
  const fitting = phantoms.filter(({ pipeline }) => pipeline === bundle.manifest.pipeline);
  return [
    async () => await golden(parts, bundle),
    ...fitting.map((phantom) => async () => await onPhantom(parts, bundle, phantom)),
  ];
}

async function onPhantom(parts: SelfTestParts, bundle: Bundle, phantom: Phantom): Promise<string> {
  const folder = parts.files.resultFolder(`self-test-${phantom.name}`);
  const { worker, now } = parts;
  const findings = await runSelfTest({ worker, bundle, phantom, folder, now, softwareVersion });
  return await compare(parts, bundle.identity, { phantom: phantom.name, findings });
}

/** What computes here gives what the kit had when it exported the bundle. */
async function golden({ worker }: SelfTestParts, { folder, identity }: Bundle): Promise<string> {
  const name = `${identity.id} ${identity.version}`;
  const difference = await worker.golden(folder);
  if (difference <= goldenTolerance) return `${name}: golden vectors within ${difference.toFixed(5)}`;
  throw new WillisError(
    'SELF_TEST_FAILED',
    `${name}: a probability of the golden vectors is ${difference.toFixed(4)} away from what it must be (at most ${goldenTolerance}). Do not trust results of this machine: check its disk and memory, and install the bundle again.`,
  );
}

/** The first run of a bundle is its baseline; later ones must agree with it. */
async function compare(
  { database, now }: SelfTestParts,
  bundle: { readonly id: string; readonly version: string; readonly sha256: string },
  made: { readonly phantom: string; readonly findings: SeriesFindings },
): Promise<string> {
  const name = `${bundle.id} ${bundle.version} on ${made.phantom}`;
  const baseline = await database
    .selectFrom('self_test_baseline')
    .selectAll()
    .where('bundle_sha256', '=', bundle.sha256)
    .where('phantom', '=', made.phantom)
    .executeTakeFirst();
  if (baseline === undefined) {
    const row = {
      bundle_sha256: bundle.sha256,
      phantom: made.phantom,
      findings: JSON.stringify(made.findings),
    };
    await database
      .insertInto('self_test_baseline')
      .values({ ...row, at: now() })
      .execute();
    return `${name}: all known findings found; this is the baseline for later nights`;
  }
  const faults = differences(JSON.parse(baseline.findings) as SeriesFindings, made.findings);
  if (faults.length === 0) return `${name}: as on ${new Date(baseline.at).toISOString().slice(0, 10)}`;
  throw new WillisError('SELF_TEST_FAILED', `${name}: ${faults.join('; ')}.`);
}
