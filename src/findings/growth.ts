import { aneurysmsOf } from './kind.ts';
import type {
  AneurysmFinding,
  Comparison,
  Growth,
  PointLpsMm,
  SeriesFindings,
  Unmatched,
  VanishedAneurysm,
} from './types.ts';

type Compared = Extract<Comparison, { state: 'compared' }>;

/** Both studies were read by the same bundles; points are LPS mm. */
export interface PriorReading {
  readonly study: Compared['prior'];
  readonly findings: SeriesFindings;
  readonly registration: Compared['registration'];
  readonly toCurrent: Compared['toCurrent'];
  readonly leastChangeMm: number;
  /** Whether images show a place: a point of the earlier study, and one of the present study. */
  readonly priorShows: (pointInPrior: PointLpsMm) => boolean;
  readonly currentShows: (pointInCurrent: PointLpsMm) => boolean;
}

/** Beyond the greater radius: how far centres of one aneurysm may lie apart, by registration, change of shape and placing. */
const slackMm = 3;

/**
 * What became of each aneurysm since an earlier study, and which of that study have no counterpart. One to one, the nearest pairs
 * first. Only the diameter is judged, against the error of its measurement: the volume of so small a thing has a far greater one.
 */
export function compareWithPrior(current: SeriesFindings, prior: PriorReading): SeriesFindings {
  if (current.state === 'not-analysed') return current;
  const then = aneurysmsOf(prior.findings).map((finding): Carried => ({
    finding,
    centreLpsMm: move(prior.toCurrent, finding.centreLpsMm),
  }));
  const now = aneurysmsOf(current);
  const pairs = pair(now, then);
  const comparison: Comparison = {
    state: 'compared',
    prior: prior.study,
    leastChangeMm: prior.leastChangeMm,
    registration: prior.registration,
    toCurrent: prior.toCurrent,
    vanished: then.filter((one) => ![...pairs.values()].includes(one)).map((one) => vanished(one, prior)),
  };
  const [first, ...rest] = now.map((finding) => ({
    ...finding,
    ...standing(finding, pairs.get(finding), { current, prior }),
  }));
  if (current.state === 'no-findings' || first === undefined) return { ...current, comparison };
  return { ...current, findings: [first, ...rest], comparison };
}

interface Carried {
  readonly finding: AneurysmFinding;
  /** In the present images. */
  readonly centreLpsMm: PointLpsMm;
}

function pair(
  now: readonly AneurysmFinding[],
  then: readonly Carried[],
): ReadonlyMap<AneurysmFinding, Carried> {
  const near = now
    .flatMap((finding) => then.map((carried) => ({ finding, carried, mm: distance(finding, carried) })))
    .filter(({ finding, carried, mm }) => mm <= reach(finding, carried.finding))
    .sort((a, b) => a.mm - b.mm);
  const pairs = new Map<AneurysmFinding, Carried>();
  for (const { finding, carried } of near)
    if (!pairs.has(finding) && ![...pairs.values()].includes(carried)) pairs.set(finding, carried);
  return pairs;
}

function distance({ centreLpsMm: a }: AneurysmFinding, { centreLpsMm: b }: Carried): number {
  return Math.hypot(a[0] - b[0], a[1] - b[1], a[2] - b[2]);
}

function reach(a: AneurysmFinding, b: AneurysmFinding): number {
  return Math.max(a.maxDiameterMm, b.maxDiameterMm) / 2 + slackMm;
}

function standing(
  finding: AneurysmFinding,
  carried: Carried | undefined,
  { current, prior }: { readonly current: SeriesFindings; readonly prior: PriorReading },
): { readonly growth: Growth } | { readonly unmatched: Unmatched } {
  if (carried === undefined) {
    const before = moveBack(prior.toCurrent, finding.centreLpsMm);
    return { unmatched: prior.priorShows(before) ? 'not-marked-before' : 'outside-prior' };
  }
  const { finding: then } = carried;
  if (measuredBy(finding, current) !== measuredBy(then, prior.findings))
    return { unmatched: 'measured-differently' };
  const growth: Growth = {
    prior: prior.study,
    priorMaxDiameterMm: then.maxDiameterMm,
    priorVolumeMm3: then.volumeMm3,
    change: changeOf(finding.maxDiameterMm - then.maxDiameterMm, prior.leastChangeMm),
  };
  return { growth };
}

/** Of several pipelines the first that marked it gave its size. */
function measuredBy({ opinions = [] }: AneurysmFinding, { bundle }: SeriesFindings): string {
  const first = opinions.find(({ probability }) => probability !== null);
  return (first?.bundle ?? bundle).sha256;
}

function changeOf(differenceMm: number, leastChangeMm: number): Growth['change'] {
  if (Math.abs(differenceMm) < leastChangeMm) return 'unchanged';
  return differenceMm > 0 ? 'grown' : 'shrunk';
}

function vanished({ finding, centreLpsMm }: Carried, { currentShows }: PriorReading): VanishedAneurysm {
  const { maxDiameterMm, volumeMm3, site } = finding;
  const why = currentShows(centreLpsMm) ? 'not-marked-now' : 'outside-current';
  return { why, centreLpsMm, maxDiameterMm, volumeMm3, site };
}

function move({ rotation: [a, b, c], translationMm: t }: Compared['toCurrent'], p: PointLpsMm): PointLpsMm {
  const along = (row: PointLpsMm): number => row[0] * p[0] + row[1] * p[1] + row[2] * p[2];
  return [along(a) + t[0], along(b) + t[1], along(c) + t[2]];
}

function moveBack(
  { rotation: [a, b, c], translationMm: t }: Compared['toCurrent'],
  p: PointLpsMm,
): PointLpsMm {
  const q = [p[0] - t[0], p[1] - t[1], p[2] - t[2]] as const;
  const along = (axis: 0 | 1 | 2): number => a[axis] * q[0] + b[axis] * q[1] + c[axis] * q[2];
  return [along(0), along(1), along(2)];
}
