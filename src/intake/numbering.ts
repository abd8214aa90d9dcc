import type { Reason } from '../findings/index.ts';
import type { FrameGeometry } from '../volume/index.ts';

/** What Instance Numbers (0020,0013) tell of the completeness of a stack. */
export interface Numbering {
  /** Set where slices must be missing. */
  readonly reason: Reason | null;
  /** For the line on completeness in the report; null where nothing is odd. */
  readonly remark: string | null;
}

const nothing: Numbering = { reason: null, remark: null };

/**
 * Slices lost at the ends of a stack leave no gap in position, and one that lost every second slice is as evenly spaced as a whole one:
 * there Instance Numbers are the only witness, where they run with position, up or down (`sorted` is the stack in its order).
 *
 * - 1, 3, 5…: every second one is missing and positions cannot show it. Two associations may have shared the series, and one was
 *   turned away. Refused: numbers that are dealt out to two series so are rarer than that, and the page can have it analysed anyway.
 * - from another number than 1 (or 0): a remark, no refusal. Scanners count through a study, through slabs or after a localizer, and PACS
 *   split series. What a broken association lost is told by the association.
 * - a jump between evenly spaced slices: a remark. A slice that was lost there would have left its place empty.
 * - a last number is told by nobody.
 */
export function numberingOf(sorted: readonly FrameGeometry[]): Numbering {
  const numbers = sorted.map(({ instanceNumber }) => instanceNumber ?? NaN);
  if (numbers.length < 2 || !numbers.every(Number.isInteger)) return nothing;
  const rising = numbers[1]! > numbers[0]! ? numbers : numbers.toReversed();
  const steps = rising.slice(1).map((number, index) => number - rising[index]!);
  if (steps.some((step) => step <= 0)) return nothing;
  const first = rising[0]!;
  const last = rising.at(-1)!;
  const [step = 1] = steps;
  if (step > 1 && steps.every((one) => one === step)) {
    const text = `Instance Numbers run along the stack in steps of ${step} (${first}, ${first + step} to ${last}): slices between them did not come. Send the series again.`;
    return { reason: { code: 'MISSING_SLICES', text }, remark: null };
  }
  const remarks = [
    ...(first > 1 ? [`they begin at ${first}, so up to ${first - 1} slices before them may be missing`] : []),
    ...(last - first >= numbers.length
      ? ['some numbers between are not there, though the slices lie evenly']
      : []),
  ];
  if (remarks.length === 0) return nothing;
  return { reason: null, remark: `Instance Numbers ${first} to ${last}: ${remarks.join('; ')}` };
}
