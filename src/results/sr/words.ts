import {
  aneurysmsOf,
  siteInWords,
  soughtKind,
  type AneurysmFinding,
  type Comparison,
  type DemotedCandidate,
  type Finding,
  type HaemorrhageFinding,
  type OtherPipeline,
  type SeriesFindings,
  type Unmatched,
  type VanishedAneurysm,
} from '../../findings/index.ts';
import { findingThreshold, haemorrhageClasses } from '../../inference/index.ts';
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
    ...(findings.slicesRead === undefined ? [] : [readInWords(findings.slicesRead)]),
    ...(identity.supersedes === null ? [] : ['This result replaces an earlier one of the same series.']),
    ...(findings.comparison === undefined ? [] : comparisonInWords(findings.comparison)),
    ...(findings.others ?? []).map(otherPipeline),
    ...(findings.demoted ?? []).map(
      ({ why, probability, centreLpsMm }) =>
        `Taken back by the ${ruleWords[why]} rule, no finding: probability ${probability.toFixed(3)} at (patient, LPS) ${list(centreLpsMm)} mm.`,
    ),
    ...headMaskInWords(findings),
    ...arteriesNamedBy(findings),
    ...(findings.provider === undefined ? [] : [`Computed on: ${findings.provider}.`]),
    `Algorithm: ${card.title}, ${card.id} ${card.version}.`,
    ...(findings.findingThreshold === undefined ? [] : [operatingPoint(card, findings.findingThreshold)]),
    `${card.intendedUse}. Trained on: ${card.training.data}`,
    ...card.limits.map((limit) => `Limit: ${limit}`),
  ];
}

function readInWords({ read, of }: NonNullable<SeriesFindings['slicesRead']>): string {
  return `Slices read: ${read} of ${of}, from the uppermost down; the ${of - read} below the head were not read.`;
}

/** What the series was compared with and what is gone; or that nothing was compared, and why. */
function comparisonInWords(comparison: Comparison): readonly string[] {
  const { prior } = comparison;
  const study = prior === null ? 'an earlier study' : `the study of ${prior.studyDate}`;
  if (comparison.state === 'not-compared') {
    const { code, text } = comparison.reason;
    return [`NOT COMPARED with ${study}: ${code}, ${text} No growth is told.`];
  }
  const { registration, leastChangeMm, vanished } = comparison;
  const agreement = `agreement ${registration.agreement.toFixed(2)}, correlation ${registration.correlation.toFixed(2)}`;
  return [
    `Compared with ${study}, registered rigidly by the arteries (${agreement}). A difference in largest diameter below ${leastChangeMm.toFixed(1)} mm is within the error of the measurement.`,
    ...vanished.map((one) => vanishedInWords(one, study)),
  ];
}

function vanishedInWords(
  { why, site, maxDiameterMm, volumeMm3, centreLpsMm }: VanishedAneurysm,
  study: string,
): string {
  const place = `${siteInWords(site)}, ${site.laterality ?? 'side not told'}, at (patient, LPS) ${list(centreLpsMm)} mm`;
  const now = why === 'not-marked-now' ? 'NOT MARKED NOW' : 'now outside the images';
  return `Marked in ${study}, ${now}: largest diameter ${maxDiameterMm.toFixed(1)} mm, volume ${volumeMm3.toFixed(0)} mm3, ${place}.`;
}

const ruleWords: Readonly<Record<DemotedCandidate['why'], string>> = {
  bone: 'bone',
  vein: 'vein',
  'outside-head': 'outside the head',
};

/** What told which places lie outside the head, or that nothing could. */
function headMaskInWords({ headMask }: SeriesFindings): readonly string[] {
  if (headMask === undefined) return [];
  if (headMask.by === 'threshold') return [`${headMask.reason.code}: ${headMask.reason.text}`];
  const { model, keepMm } = headMask;
  return [
    `Outside the head: what lies more than ${keepMm.toFixed(0)} mm from the brain, as told by ${model.id} ${model.version}.`,
  ];
}

/** Who named the arteries of aneurysms, or that nobody did: a general site must not be read as "no other artery came into question". */
function arteriesNamedBy(findings: SeriesFindings): readonly string[] {
  const { sitesBy } = findings;
  if (sitesBy !== undefined)
    return [`Arteries named by: ${sitesBy.id} ${sitesBy.version}; "cerebral artery" where it was not sure.`];
  return aneurysmsOf(findings).length === 0
    ? []
    : ['Arteries were not named: no model of sites is installed.'];
}

/** From where the bundle reports findings; of haemorrhages each kind has its own operating point. */
function operatingPoint(card: ResultInput['card'], from: number): string {
  const said = `${card.id} reports findings from a probability of ${from.toFixed(3)}`;
  if (card.pipeline !== 'ncct-haemorrhage') return `${said}.`;
  const kinds = haemorrhageClasses.flatMap((name) =>
    name === 'any' ? [] : [`${name} ${findingThreshold(card, name).toFixed(3)}`],
  );
  return `${said} of any haemorrhage, or of a kind: ${kinds.join(', ')}.`;
}

/** What another pipeline made of the series, in a sentence that cannot be taken for another state. */
function otherPipeline({ bundle, state, reason, findingThreshold }: OtherPipeline): string {
  const who = `Also read by ${bundle.id} ${bundle.version}`;
  if (reason !== null) return `${who}: NOT ANALYSED, ${reason.code}: ${reason.text}`;
  const from =
    findingThreshold === undefined
      ? ''
      : `; it reports them from a probability of ${findingThreshold.toFixed(3)}`;
  return `${who}: ${state === 'findings' ? 'findings' : 'no findings'}${from}.`;
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

/** Who else marked it, and who did not. */
function opinions({ opinions: all = [] }: AneurysmFinding): readonly string[] {
  if (all.length === 0) return [];
  const said = all.map(({ bundle, probability }) =>
    probability === null ? `not by ${bundle.id}` : `${bundle.id} ${probability.toFixed(3)}`,
  );
  const marked = all.filter(({ probability }) => probability !== null).length;
  return [`marked by ${marked} of ${all.length} pipelines (${said.join(', ')})`];
}

function aneurysm(finding: AneurysmFinding): readonly string[] {
  const { site, maxDiameterMm, volumeMm3, growth } = finding;
  const told = [
    ...opinions(finding),
    `${siteInWords(site)}, ${site.laterality ?? 'side not told'}`,
    `largest diameter ${maxDiameterMm.toFixed(1)} mm`,
    `volume ${volumeMm3.toFixed(0)} mm3`,
  ];
  if (growth === undefined) return [...told, ...unmatchedInWords(finding)];
  const { prior, priorMaxDiameterMm, priorVolumeMm3, change } = growth;
  const then = `${priorMaxDiameterMm.toFixed(1)} mm, ${priorVolumeMm3.toFixed(0)} mm3 on ${prior.studyDate}`;
  return [...told, `${change} since a prior (${then})`];
}

const unmatchedWords: Readonly<Record<Unmatched, string>> = {
  'not-marked-before': 'not marked in the prior: new, or missed then',
  'outside-prior': 'outside the images of the prior',
  'measured-differently': 'measured by another pipeline in the prior, growth is not told',
};

function unmatchedInWords({ unmatched }: AneurysmFinding): readonly string[] {
  return unmatched === undefined ? [] : [unmatchedWords[unmatched]];
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
