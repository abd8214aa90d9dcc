import type { StackOutcome } from '../volume/index.ts';
import { isVolume, refusals } from './refusals.ts';
import type { SeriesTraits } from './traits.ts';

export interface Range {
  readonly min?: number | undefined;
  readonly max?: number | undefined;
}

/** Every condition given must hold. Text conditions are regular expressions, case-insensitive. */
export interface RuleConditions {
  readonly modality?: string | undefined;
  readonly sopClassUid?: readonly string[] | undefined;
  /** Looked for in Series Description, Protocol Name and Sequence Name. */
  readonly text?: string | undefined;
  /** Must not be found in these three, nor in Convolution Kernel. */
  readonly textExcludes?: string | undefined;
  readonly seriesDescription?: string | undefined;
  /** Values of Body Part Examined; "" accepts a series that does not say. */
  readonly bodyPartExamined?: readonly string[] | undefined;
  readonly scanningSequence?: readonly string[] | undefined;
  readonly mrAcquisitionType?: string | undefined;
  readonly imageTypeIncludes?: readonly string[] | undefined;
  readonly imageTypeExcludes?: readonly string[] | undefined;
  readonly manufacturer?: string | undefined;
  readonly orientation?: string | undefined;
  readonly slices?: Range | undefined;
  readonly sliceSpacingMm?: Range | undefined;
  readonly pixelSpacingMm?: Range | undefined;
}

export interface Rule {
  readonly name: string;
  readonly when: RuleConditions;
  readonly pipeline: string;
  /** id@version; left out: the one that serves the pipeline. */
  readonly bundle?: string | undefined;
  /** Further pipelines on the same series, for one report of all. */
  readonly alsoPipelines?: readonly string[] | undefined;
  readonly sendTo: readonly string[];
  /** Analyse, but send nothing. */
  readonly shadow?: boolean | undefined;
}

/** One line of an explanation: what was asked, what the series says, and whether that holds. */
export interface Line {
  readonly condition: string;
  readonly found: string;
  readonly holds: boolean;
}

export interface Explanation {
  readonly rule: string;
  readonly matches: boolean;
  readonly lines: readonly Line[];
}

/** Judges a series by one rule and says why, line by line; what is never an input of any rule comes first. */
export function explain(rule: Rule, traits: SeriesTraits, stack: StackOutcome): Explanation {
  const lines = [...refusals(traits), ...headerLines(rule.when, traits), ...geometryLines(rule.when, stack)];
  return { rule: rule.name, matches: lines.every((line) => line.holds), lines };
}

/** Whether conditions hold for an MR or CT series, whatever makes it no input of a rule: derived images, or those of other software. */
export function holdsFor(when: RuleConditions, traits: SeriesTraits, stack: StackOutcome): boolean {
  if (!isVolume(traits)) return false;
  return [...headerLines(when, traits), ...geometryLines(when, stack)].every((line) => line.holds);
}

/** In words: which of the rules that do not match comes nearest, and what of it does not hold. */
export function nearestMiss(explanations: readonly Explanation[]): string {
  const nearest = nearestOf(explanations);
  if (nearest === undefined) return 'No rules are configured.';
  const why = failed(nearest).map((line) => `${line.condition} (found ${line.found})`);
  return `Nearest is "${nearest.rule}", of which this does not hold: ${why.join('; ')}.`;
}

/** Of explanations of which none matches: the one of which the fewest conditions do not hold. */
export function nearestOf(explanations: readonly Explanation[]): Explanation | undefined {
  return [...explanations].sort((a, b) => failed(a).length - failed(b).length)[0];
}

function failed({ lines }: Explanation): readonly Line[] {
  return lines.filter((line) => !line.holds);
}

function headerLines(when: RuleConditions, traits: SeriesTraits): readonly Line[] {
  const texts = [traits.seriesDescription, traits.protocolName, traits.sequenceName];
  const has = (wanted: string): boolean => traits.imageType.includes(wanted.toUpperCase());
  return [
    equals('Modality', when.modality, traits.modality),
    oneOf('SOP Class UID', when.sopClassUid, traits.sopClassUid),
    matches('Series Description, Protocol Name or Sequence Name', when.text, texts),
    lacks(when.textExcludes, [...texts, ...(traits.convolutionKernel ?? [])]),
    matches('Series Description', when.seriesDescription, [traits.seriesDescription]),
    oneOf('Body Part Examined', when.bodyPartExamined, traits.bodyPartExamined, lettersOf),
    when.scanningSequence && {
      condition: `Scanning Sequence has ${when.scanningSequence.join(', ')}`,
      found: traits.scanningSequence.join('\\') || 'absent',
      holds: when.scanningSequence.every((value) => traits.scanningSequence.includes(value)),
    },
    equals('MR Acquisition Type', when.mrAcquisitionType, traits.mrAcquisitionType),
    when.imageTypeIncludes && {
      condition: `Image Type has ${when.imageTypeIncludes.join(', ')}`,
      found: traits.imageType.join('\\'),
      holds: when.imageTypeIncludes.every(has),
    },
    when.imageTypeExcludes && {
      condition: `Image Type has none of ${when.imageTypeExcludes.join(', ')}`,
      found: traits.imageType.join('\\'),
      holds: !when.imageTypeExcludes.some(has),
    },
    matches('Manufacturer', when.manufacturer, [traits.manufacturer]),
  ].filter((line) => line !== undefined);
}

/** A series whose slices do not stack still belongs to the rule it was sent for: it is reported as not analysed, never dropped. */
function geometryLines(when: RuleConditions, stack: StackOutcome): readonly Line[] {
  const asked = [when.orientation, when.slices, when.sliceSpacingMm, when.pixelSpacingMm];
  if (asked.every((condition) => condition === undefined)) return [];
  if (stack.kind === 'not-a-stack') {
    return [{ condition: 'geometry', found: `not judged: ${stack.reason.code}`, holds: true }];
  }
  const pixelSpacingMm = Math.max(...(stack.frames[0]?.pixelSpacing ?? []));
  return [
    equals('orientation', when.orientation, stack.orientation),
    within('number of slices', when.slices, stack.frames.length),
    within('slice spacing in mm', when.sliceSpacingMm, stack.spacingMm),
    within('Pixel Spacing in mm', when.pixelSpacingMm, pixelSpacingMm),
  ].filter((line) => line !== undefined);
}

function equals(name: string, wanted: string | undefined, found: string): Line | undefined {
  if (wanted === undefined) return undefined;
  return {
    condition: `${name} is ${wanted}`,
    found: found || 'absent',
    holds: found.toUpperCase() === wanted.toUpperCase(),
  };
}

/** HEADNECK, HEAD_NECK and HEAD-NECK are one: scanners write the terms as they like. */
function lettersOf(value: string): string {
  return value.replace(/[^\p{L}\p{N}]/gu, '');
}

function oneOf(
  name: string,
  wanted: readonly string[] | undefined,
  found: string,
  plain = (value: string): string => value,
): Line | undefined {
  if (wanted === undefined) return undefined;
  const names = wanted.map((value) => value || 'absent').join(', ');
  const holds = wanted.some((value) => plain(value.toUpperCase()) === plain(found.toUpperCase()));
  return { condition: `${name} is one of ${names}`, found: found || 'absent', holds };
}

function matches(name: string, pattern: string | undefined, found: readonly string[]): Line | undefined {
  if (pattern === undefined) return undefined;
  const expression = new RegExp(pattern, 'i');
  const shown = found.filter((text) => text !== '').map((text) => `"${text}"`);
  return {
    condition: `${name} matches /${pattern}/`,
    found: shown.join(', ') || 'absent',
    holds: found.some((text) => expression.test(text)),
  };
}

function lacks(pattern: string | undefined, found: readonly string[]): Line | undefined {
  if (pattern === undefined) return undefined;
  const expression = new RegExp(pattern, 'i');
  const bad = found.find((text) => expression.test(text));
  return {
    condition: `Series Description, Protocol Name, Sequence Name and Convolution Kernel do not match /${pattern}/`,
    found: bad === undefined ? 'no such word' : `"${bad}"`,
    holds: bad === undefined,
  };
}

function within(name: string, range: Range | undefined, found: number): Line | undefined {
  if (range === undefined) return undefined;
  const { min = -Infinity, max = Infinity } = range;
  const wanted = [
    range.min === undefined ? [] : [`at least ${range.min}`],
    range.max === undefined ? [] : [`at most ${range.max}`],
  ].flat();
  return {
    condition: `${name} is ${wanted.join(' and ')}`,
    found: String(Math.round(found * 1000) / 1000),
    holds: found >= min && found <= max,
  };
}
