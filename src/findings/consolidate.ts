import type {
  AneurysmFinding,
  Finding,
  Opinion,
  OtherPipeline,
  PointLpsMm,
  SeriesFindings,
} from './types.ts';

/** Centres this much farther apart than the greater radius are still one aneurysm: systems place and size it differently. */
const slackMm = 2;

/**
 * What several pipelines say of one series as one statement: each aneurysm once, with the probability of every pipeline or
 * that it did not mark it. The first that analysed the series leads; what another one alone marks is a finding all the same,
 * and none that could not analyse makes the whole a negative.
 */
export function consolidate(all: readonly [SeriesFindings, ...SeriesFindings[]]): SeriesFindings {
  const lead = all.find(({ state }) => state !== 'not-analysed') ?? all[0];
  const others = all.filter((one) => one !== lead);
  if (others.length === 0 || lead.state === 'not-analysed') return { ...lead, others: others.map(otherOf) };
  const readers = [lead, ...others.filter(({ state }) => state !== 'not-analysed')];
  const groups: Marked[][] = [];
  for (const reader of readers) {
    for (const finding of aneurysmsIn(reader.findings)) {
      const home = groups.find(
        (group) =>
          !group.some((one) => one.reader === reader) && group.some((one) => isSame(one.finding, finding)),
      );
      if (home === undefined) groups.push([{ reader, finding }]);
      else home.push({ reader, finding });
    }
  }
  const findings = groups
    .map((group) => ({ ...group[0]!.finding, opinions: opinionsOf(group, readers) }))
    .sort((a, b) => b.probability - a.probability);
  const demoted = readers.flatMap((reader) => reader.demoted ?? []);
  const headMask = readers.find((reader) => reader.headMask !== undefined)?.headMask;
  const common = {
    ...lead,
    // what any of them took back is told, whoever leads
    ...(demoted.length === 0 ? {} : { demoted }),
    ...(headMask === undefined ? {} : { headMask }),
    others: others.map(otherOf),
    probability: Math.max(...readers.map(scanProbability)),
  };
  const [first, ...rest] = findings;
  return first === undefined
    ? { ...common, state: 'no-findings', findings: [] }
    : { ...common, state: 'findings', findings: [first, ...rest] };
}

interface Marked {
  readonly reader: SeriesFindings;
  readonly finding: AneurysmFinding;
}

function aneurysmsIn(findings: readonly Finding[]): readonly AneurysmFinding[] {
  return findings.filter((finding) => finding.kind === 'aneurysm');
}

function isSame(a: AneurysmFinding, b: AneurysmFinding): boolean {
  return distanceMm(a.centreLpsMm, b.centreLpsMm) <= Math.max(a.maxDiameterMm, b.maxDiameterMm) / 2 + slackMm;
}

function distanceMm(a: PointLpsMm, b: PointLpsMm): number {
  return Math.hypot(a[0] - b[0], a[1] - b[1], a[2] - b[2]);
}

function opinionsOf(group: readonly Marked[], readers: readonly SeriesFindings[]): readonly Opinion[] {
  return readers.map((reader) => ({
    pipeline: reader.pipeline,
    bundle: reader.bundle,
    probability: group.find((one) => one.reader === reader)?.finding.probability ?? null,
  }));
}

function otherOf(findings: SeriesFindings): OtherPipeline {
  const { pipeline, bundle, state, findingThreshold } = findings;
  return {
    ...{ pipeline, bundle, state },
    reason: findings.state === 'not-analysed' ? findings.reason : null,
    ...(findingThreshold === undefined ? {} : { findingThreshold }),
  };
}

function scanProbability(findings: SeriesFindings): number {
  return findings.state === 'not-analysed' ? 0 : findings.probability;
}
