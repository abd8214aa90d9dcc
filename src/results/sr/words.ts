import {
  soughtKind,
  type AneurysmFinding,
  type Finding,
  type HaemorrhageFinding,
} from '../../findings/index.ts';
import { keyFrameOf, sliceOf, tracking } from '../references.ts';
import type { ResultInput } from '../types.ts';

/** The state of a series in one or two sentences that cannot be mistaken for another state. */
export function stateInWords(input: ResultInput): string {
  const { findings } = input;
  const kind = soughtKind(findings);
  if (findings.state === 'not-analysed')
    return `NOT ANALYSED. ${findings.reason.code}: ${findings.reason.text} This is not a negative result.`;
  const probability = `Probability of any ${kind} in this scan: ${findings.probability.toFixed(3)}.`;
  if (findings.state === 'no-findings') return `NO FINDINGS: no suspected ${kind}. ${probability}`;
  const { length } = findings.findings;
  const triage = findings.triage === 'urgent' ? ' TRIAGE: urgent, read this study first.' : '';
  return `FINDINGS: ${length} suspected ${kind}${length === 1 ? '' : 's'}. ${probability}${triage}`;
}

/** Where the result comes from and what it does not cover, a sentence each. */
export function provenanceInWords({ card, identity, findings }: ResultInput): readonly string[] {
  return [
    `Completeness: ${identity.completeness}.`,
    ...(identity.supersedes === null ? [] : ['This result replaces an earlier one of the same series.']),
    ...(findings.demoted ?? []).map(
      ({ why, probability, centreLpsMm }) =>
        `Taken back by the ${why} rule, no finding: probability ${probability.toFixed(3)} at (patient, LPS) ${list(centreLpsMm)} mm.`,
    ),
    `Algorithm: ${card.title}, ${card.id} ${card.version}.`,
    `${card.intendedUse}. Trained on: ${card.training.data}`,
    ...card.limits.map((limit) => `Limit: ${limit}`),
  ];
}

/** Everything the coded report says of one finding, in a paragraph. */
export function findingInWords(input: ResultInput, finding: Finding, index: number): string {
  const { slice } = keyFrameOf(input, finding);
  const told = finding.kind === 'aneurysm' ? aneurysm(finding) : haemorrhage(input, finding);
  const { identifier } = tracking(input, finding, index);
  const sentences = [
    `${identifier}: probability ${finding.probability.toFixed(3)}`,
    ...told,
    ...(finding.centreLpsMm === null ? [] : [`centre (patient, LPS) ${list(finding.centreLpsMm)} mm`]),
    `best seen on slice ${slice + 1} of ${input.source.frames.length}`,
  ];
  return `${sentences.join('; ')}.`;
}

function aneurysm({ site, maxDiameterMm, volumeMm3, growth }: AneurysmFinding): readonly string[] {
  const told = [
    `${site.meaning}, ${site.laterality ?? 'near the midline'}`,
    `largest diameter ${maxDiameterMm.toFixed(1)} mm`,
    `volume ${volumeMm3.toFixed(0)} mm3`,
  ];
  if (growth === undefined) return told;
  const { prior, priorMaxDiameterMm, priorVolumeMm3, change } = growth;
  const then = `${priorMaxDiameterMm.toFixed(1)} mm, ${priorVolumeMm3.toFixed(0)} mm3 on ${prior.studyDate}`;
  return [...told, `${change} since a prior (${then})`];
}

function haemorrhage(input: ResultInput, { slices, volumeMm3 }: HaemorrhageFinding): readonly string[] {
  const marked = slices.map(
    (slice) =>
      `${sliceOf(input, slice.sopInstanceUid, slice.frameNumber) + 1} (${slice.probability.toFixed(2)})`,
  );
  return [
    ...(volumeMm3 === null ? [] : [`volume ${volumeMm3.toFixed(0)} mm3`]),
    `slices (probability): ${marked.join(', ')}`,
  ];
}

function list(values: readonly number[]): string {
  return values.map((value) => value.toFixed(1)).join(', ');
}
