import { soughtKind } from '../../findings/index.ts';
import { findingThreshold } from '../../inference/index.ts';
import { lpsToIndex, toLpsOrientation, type Vector, type Volume } from '../../volume/index.ts';
import type { Words } from '../language/index.ts';
import { sliceOf } from '../references.ts';
import type { ResultInput } from '../types.ts';
import { windowOf, type Window } from './grey.ts';
import type { Palette } from './palette.ts';

/** What every page is drawn from. */
export interface Sheet {
  readonly input: ResultInput;
  readonly words: Words;
  readonly palette: Palette;
  /** The source in LPS orientation and the window it is shown in; null where the series was not loaded. */
  readonly source: { readonly volume: Volume; readonly window: Window } | null;
  readonly places: readonly Place[];
}

/** A place in the patient that pictures mark: a finding, or a candidate that stayed below the threshold. */
export interface Place {
  readonly isFinding: boolean;
  /** Findings are numbered as in the report, candidates have letters. */
  readonly label: string;
  readonly centreLpsMm: Vector;
  readonly maxDiameterMm: number;
  readonly probability: number;
  /** Slice through the centre, 1-based along the stack; null where it is not known. */
  readonly slice: number | null;
}

const mostBelow = 3;
/** A candidate is worth a look from this share of the threshold on. */
const worthALook = 0.5;

export function sheetOf(input: ResultInput, words: Words, palette: Palette): Sheet {
  const volume = input.volume === null ? null : toLpsOrientation(input.volume);
  return {
    input,
    words,
    palette,
    source: volume && { volume, window: displayWindow(input, volume.data) },
    places: [...findingsOf(input), ...belowThreshold(input)],
  };
}

/** Grey values on CT are Hounsfield units: the brain's window, or one that keeps contrast-filled vessels apart from bone. */
const [brain, angiography] = [
  { low: 0, high: 80 },
  { low: -50, high: 550 },
];

/** The window in which the source of pictures is shown. */
export function displayWindow(input: ResultInput, data: Float32Array): Window {
  if (input.source.attributes.text('Modality') !== 'CT') return windowOf(data);
  return soughtKind(input.findings) === 'haemorrhage' ? brain : angiography;
}

function findingsOf(input: ResultInput): readonly Place[] {
  return input.findings.findings.flatMap((finding, index) => {
    if (finding.centreLpsMm === null) return [];
    const place = {
      isFinding: true,
      label: String(index + 1),
      centreLpsMm: finding.centreLpsMm,
      maxDiameterMm: finding.kind === 'aneurysm' ? finding.maxDiameterMm : extentOf(finding.volumeMm3),
      probability: finding.probability,
      slice: sliceNumber(input, finding.keySopInstanceUid, finding.keyFrameNumber),
    };
    return [place];
  });
}

/** A bleeding has no diameter of its own: the ball of its volume, 20 mm where that is not known, sizes its ring. */
function extentOf(volumeMm3: number | null): number {
  return volumeMm3 === null ? 20 : 2 * Math.cbrt((3 * volumeMm3) / (4 * Math.PI));
}

/** Number of a source frame in the stack, from 1; null where it is not in it. */
export function sliceNumber(input: ResultInput, sopInstanceUid: string, frame: number | null): number | null {
  const slice = sliceOf(input, sopInstanceUid, frame);
  return slice < 0 ? null : slice + 1;
}

function belowThreshold(input: ResultInput): readonly Place[] {
  const threshold = findingThreshold(input.card);
  return (input.output?.candidates ?? [])
    .filter(
      ({ probability, demoted }) =>
        demoted === undefined && probability < threshold && probability >= worthALook * threshold,
    )
    .slice(0, mostBelow)
    .map((candidate, index) => ({
      ...candidate,
      isFinding: false,
      label: 'abc'[index]!,
      slice:
        input.volume === null ? null : Math.round(lpsToIndex(input.volume, candidate.centreLpsMm)[2]) + 1,
    }));
}

/** Whether the pipeline's map outlines what it marks; an explanation by cells of centimetres has no diameter. */
export function hasOutlines({ card }: ResultInput): boolean {
  return card.pipeline === 'tof-patch';
}

/** What the bundle says of itself wherever it is not for clinical use. */
export function isForResearch({ card }: ResultInput): boolean {
  return /not for clinical use/i.test(card.intendedUse);
}
