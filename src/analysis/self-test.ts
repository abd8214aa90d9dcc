import { readdir, readFile, rm } from 'node:fs/promises';
import path from 'node:path';
import { readInstance } from '../dicom/index.ts';
import { WillisError } from '../errors.ts';
import type { AneurysmFinding, PointLpsMm, SeriesFindings } from '../findings/index.ts';
import type { Bundle } from '../inference/index.ts';
import { inputIdentity } from '../intake/index.ts';
import { frameGeometries } from '../volume/index.ts';
import type { AnalysisWorker } from './pool.ts';

/** A series whose content is known: DICOM files and truth.json. */
export interface Phantom {
  readonly name: string;
  readonly pipeline: string;
  readonly folder: string;
}

export interface SelfTestParts {
  readonly worker: AnalysisWorker;
  readonly bundle: Bundle;
  readonly phantom: Phantom;
  /** Absolute folder for results that nobody needs; removed afterwards. */
  readonly folder: string;
  readonly now: () => number;
  readonly softwareVersion: string;
}

/** Analyses a phantom as any series. Throws SELF_TEST_FAILED where what it holds was not found. */
export async function runSelfTest(parts: SelfTestParts): Promise<SeriesFindings> {
  const { worker, bundle, phantom, folder } = parts;
  const names = (await readdir(phantom.folder)).filter((name) => name.endsWith('.dcm'));
  const paths = names.map((name) => path.join(phantom.folder, name));
  const instances = await Promise.all(paths.map(async (file) => readInstance(await readFile(file))));
  const input = instances.map(({ sopClassUid, sopInstanceUid, attributes }) => ({
    sopInstanceUid,
    frames: frameGeometries(sopClassUid, sopInstanceUid, attributes),
  }));
  try {
    const { findings } = await worker.run({
      ...{ paths, folder, pipeline: phantom.pipeline, bundleFolder: bundle.folder },
      ...{ reason: null, version: 1, supersedes: null, kinds: ['sr'] },
      inputSha256: inputIdentity(input),
      completeness: 'self-test',
      createdAtMs: parts.now(),
      softwareVersion: parts.softwareVersion,
    });
    const name = `${bundle.identity.id} ${bundle.identity.version} on ${phantom.name}`;
    await checkTruth({ ...phantom, name }, findings);
    return findings;
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

/** How two runs of one bundle on one phantom may differ: machines round differently, and no more. */
const tolerance = { probability: 1e-3, placeMm: 0.5, diameterMm: 0.5 };

/** What differs from an earlier run of the same bundle, a sentence each; none is what one wants. */
export function differences(earlier: SeriesFindings, now: SeriesFindings): readonly string[] {
  if (earlier.state !== now.state) return [`it was "${earlier.state}", now it is "${now.state}"`];
  if (earlier.findings.length !== now.findings.length)
    return [`it had ${earlier.findings.length} findings, now it has ${now.findings.length}`];
  const scan = [earlier, now].map((one) => (one.state === 'not-analysed' ? 0 : one.probability));
  const faults = isNear(scan[0]!, scan[1]!, tolerance.probability)
    ? []
    : [`the probability of the scan was ${scan[0]!.toFixed(4)}, now it is ${scan[1]!.toFixed(4)}`];
  now.findings.forEach((finding, index) => {
    const before = earlier.findings[index]!;
    const number = index + 1;
    if (!isNear(before.probability, finding.probability, tolerance.probability))
      faults.push(
        `finding ${number} had the probability ${before.probability.toFixed(4)}, now ${finding.probability.toFixed(4)}`,
      );
    const moved = movedMm(before.centreLpsMm, finding.centreLpsMm);
    if (moved > tolerance.placeMm)
      faults.push(`finding ${number} lies ${moved.toFixed(2)} mm away from where it lay`);
    if (before.kind === 'haemorrhage' && finding.kind === 'haemorrhage' && before.subtype !== finding.subtype)
      faults.push(`finding ${number} was ${before.subtype}, now it is ${finding.subtype}`);
    if (before.kind === 'aneurysm' && finding.kind === 'aneurysm' && !sameSize(before, finding))
      faults.push(
        `finding ${number} measured ${before.maxDiameterMm.toFixed(2)} mm, now ${finding.maxDiameterMm.toFixed(2)} mm`,
      );
  });
  return faults;
}

interface AneurysmTruth {
  readonly aneurysms: readonly { readonly centreLpsMm: PointLpsMm; readonly diameterMm: number }[];
}

interface HaemorrhageTruth {
  readonly classes: readonly string[];
  /** A row a slice, 1 where it shows the class. */
  readonly slices: readonly (readonly number[])[];
}

async function checkTruth(phantom: Phantom, findings: SeriesFindings): Promise<void> {
  const text = await readFile(path.join(phantom.folder, 'truth.json'), 'utf8');
  const truth = JSON.parse(text) as AneurysmTruth | HaemorrhageTruth;
  if ('aneurysms' in truth) checkAneurysms(phantom, truth, findings);
  else checkHaemorrhages(phantom, truth, findings);
}

/** Each subtype that the phantom holds must be found. Others that a bundle takes it for are its own weakness, which later nights hold constant. */
function checkHaemorrhages(
  phantom: Phantom,
  { classes, slices }: HaemorrhageTruth,
  findings: SeriesFindings,
): void {
  const there = classes.filter((name, index) => name !== 'any' && slices.some((slice) => slice[index] === 1));
  const found = findings.findings.flatMap((one) => (one.kind === 'haemorrhage' ? [one.subtype] : []));
  if (there.every((subtype) => found.some((one) => one === subtype))) return;
  throw failed(phantom, `it shows ${there.join(', ')}; found was ${found.join(', ') || 'none'}`, findings);
}

/** Each aneurysm of the phantom must be found within its own extent, and nothing else may be. */
function checkAneurysms(phantom: Phantom, truth: AneurysmTruth, findings: SeriesFindings): void {
  const places = findings.findings.map(({ centreLpsMm }) => centreLpsMm);
  const missed = truth.aneurysms.filter(
    ({ centreLpsMm, diameterMm }) =>
      !places.some((place) => movedMm(place, centreLpsMm) <= diameterMm / 2 + 2),
  );
  if (missed.length === 0 && places.length === truth.aneurysms.length) return;
  const known = truth.aneurysms.length;
  const told = `${known - missed.length} of ${known} known aneurysms were found, with ${places.length} findings`;
  throw failed(phantom, told, findings);
}

function failed(phantom: Phantom, told: string, findings: SeriesFindings): WillisError {
  const said = findings.state === 'not-analysed' ? ` (${findings.reason.code})` : '';
  return new WillisError(
    'SELF_TEST_FAILED',
    `${phantom.name}: ${told}${said}. Do not trust results of this machine: check its disk and memory, install the bundle again, and run the self-test again.`,
  );
}

function movedMm(from: PointLpsMm | null, to: PointLpsMm | null): number {
  if (from === null || to === null) return from === to ? 0 : Infinity;
  return Math.hypot(from[0] - to[0], from[1] - to[1], from[2] - to[2]);
}

function sameSize(one: AneurysmFinding, other: AneurysmFinding): boolean {
  return isNear(one.maxDiameterMm, other.maxDiameterMm, tolerance.diameterMm);
}

function isNear(one: number, other: number, within: number): boolean {
  return Math.abs(one - other) <= within;
}
