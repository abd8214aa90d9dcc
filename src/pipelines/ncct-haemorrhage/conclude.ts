import type { HaemorrhageFinding, HaemorrhageSubtype, SeriesFindings } from '../../findings/index.ts';
import { findingThreshold, haemorrhageClasses, type ManifestOf } from '../../inference/index.ts';
import { checkStack, indexToLps, type FrameGeometry } from '../../volume/index.ts';
import type { PipelineInput, SliceProbabilities } from '../types.ts';
import { strongestPlace } from './maps.ts';
import type { Prepared } from './prepare.ts';
import type { Reading } from './read.ts';

type Class = SliceProbabilities['class'];
type State =
  | Pick<Extract<SeriesFindings, { state: 'findings' }>, 'state' | 'probability' | 'findings' | 'triage'>
  | Pick<Extract<SeriesFindings, { state: 'no-findings' }>, 'state' | 'probability' | 'findings' | 'triage'>;

/** From probabilities to what is said: of the scan the greatest of any slice, of each subtype a finding with its slices. */
export function conclude(
  input: PipelineInput,
  prepared: Prepared,
  reading: Reading,
  manifest: ManifestOf<'ncct-haemorrhage'>,
): { readonly state: State; readonly sliceProbabilities: readonly SliceProbabilities[] } {
  const stack = stackOf(input);
  const bySlice = new Map(haemorrhageClasses.map((name) => [name, bySourceSlice(name, prepared, reading)]));
  const scan = (name: Class): number => Math.max(...bySlice.get(name)!);
  const calls = (name: Class): boolean => scan(name) >= findingThreshold(manifest, name);
  const subtypes = haemorrhageClasses.filter((name) => name !== 'any');
  const called = subtypes.filter(calls);
  if (called.length === 0 && calls('any')) called.push(likeliest(subtypes, scan, manifest));
  const findings = called
    .map((subtype) => findingOf(subtype, { stack, bySlice, manifest, prepared, reading }))
    .sort((one, other) => other.probability - one.probability);
  const [first, ...rest] = findings;
  // of the scan: any haemorrhage is at least as likely as the likeliest kind of it
  const probability = Math.max(scan('any'), ...called.map(scan));
  const state: State =
    first === undefined
      ? { state: 'no-findings', probability, findings: [], triage: 'routine' }
      : { state: 'findings', probability, findings: [first, ...rest], triage: 'urgent' };
  return {
    state,
    sliceProbabilities: haemorrhageClasses.map((name) => ({
      class: name,
      values: stack.isUpwards ? bySlice.get(name)! : bySlice.get(name)!.toReversed(),
    })),
  };
}

/** Where "any" reaches its threshold and no subtype does, the blood is still reported: as the kind that comes nearest to its own. */
function likeliest(
  subtypes: readonly HaemorrhageSubtype[],
  scan: (name: Class) => number,
  manifest: ManifestOf<'ncct-haemorrhage'>,
): HaemorrhageSubtype {
  const share = (name: HaemorrhageSubtype): number => scan(name) / findingThreshold(manifest, name);
  return subtypes.reduce((best, name) => (share(name) > share(best) ? name : best));
}

interface Known {
  readonly stack: Stack;
  readonly bySlice: ReadonlyMap<Class, readonly number[]>;
  readonly manifest: ManifestOf<'ncct-haemorrhage'>;
  readonly prepared: Prepared;
  readonly reading: Reading;
}

function findingOf(subtype: HaemorrhageSubtype, known: Known): HaemorrhageFinding {
  const { stack, bySlice, manifest, prepared, reading } = known;
  const values = bySlice.get(subtype)!;
  const own = findingThreshold(manifest, subtype);
  const marked = Math.max(...values) >= own ? values.map((value) => value >= own) : marksOfAny(known);
  const slices = stack.fromBelow.flatMap(({ sopInstanceUid, frameNumber }, slice) =>
    marked[slice] === true ? [{ slice, sopInstanceUid, frameNumber, probability: values[slice]! }] : [],
  );
  const key = slices.reduce((best, one) => (one.probability > best.probability ? one : best));
  const [head, ...tail] = stack.isUpwards ? slices : slices.toReversed();
  const plain = ({
    sopInstanceUid,
    frameNumber,
    probability,
  }: typeof key): HaemorrhageFinding['slices'][0] => ({
    sopInstanceUid,
    frameNumber,
    probability,
  });
  const place = strongestPlace(prepared, reading, { subtype, slice: key.slice });
  return {
    kind: 'haemorrhage',
    subtype,
    probability: Math.max(...values),
    slices: [plain(head!), ...tail.map(plain)],
    centreLpsMm: place && indexToLps(prepared.grid, place),
    volumeMm3: null,
    keySopInstanceUid: key.sopInstanceUid,
    keyFrameNumber: key.frameNumber,
  };
}

function marksOfAny({ bySlice, manifest }: Known): readonly boolean[] {
  const threshold = findingThreshold(manifest);
  return bySlice.get('any')!.map((value) => value >= threshold);
}

/** A slab's probability holds for each of its slices; slices below the head were not read and have 0. */
function bySourceSlice(
  name: Class,
  { slabs, grid }: Prepared,
  { probabilities }: Reading,
): readonly number[] {
  const first = slabs[0]!.first;
  const values = new Array<number>(first + grid.size[2]).fill(0);
  const place = haemorrhageClasses.indexOf(name);
  for (const [slab, { first: from, count }] of slabs.entries())
    values.fill(probabilities[slab * haemorrhageClasses.length + place]!, from, from + count);
  return values;
}

interface Stack {
  /** The frames behind the z slices of the volume in LPS orientation. */
  readonly fromBelow: readonly FrameGeometry[];
  /** Whether the stack, in the order of its own normal, runs the same way. */
  readonly isUpwards: boolean;
}

function stackOf({ frames }: PipelineInput): Stack {
  const stack = checkStack(frames);
  const inOrder = stack.kind === 'stack' ? stack.frames : frames;
  const isUpwards = inOrder.at(-1)!.imagePositionPatient[2] > inOrder[0]!.imagePositionPatient[2];
  return { fromBelow: isUpwards ? inOrder : inOrder.toReversed(), isUpwards };
}
