import type { Dataset } from '../dicom/index.ts';
import type { Finding, KeyFrame } from '../findings/index.ts';
import type { FrameGeometry } from '../volume/index.ts';
import { resultUid } from './common.ts';
import type { ResultInput, ResultKind } from './types.ts';

/** What identifies an object of a study, wherever it is named. */
export interface ObjectReference {
  readonly studyInstanceUid: string;
  readonly seriesInstanceUid: string;
  readonly sopClassUid: string;
  readonly sopInstanceUid: string;
}

export interface ImageReference extends ObjectReference {
  /** 1-based; null where the image has one frame, or all are meant. */
  readonly frameNumber: number | null;
  readonly segmentNumber?: number;
}

/** The frame of the source that shows a finding best, and its place in the stack. */
export function keyFrameOf(
  input: ResultInput,
  finding: KeyFrame,
): { readonly slice: number; readonly frame: FrameGeometry; readonly image: ImageReference } {
  const slice = sliceOf(input, finding.keySopInstanceUid, finding.keyFrameNumber);
  const frame = input.source.frames[slice]!;
  return { slice, frame, image: sourceImage(input, frame) };
}

/** The place of a source frame in the stack, from 0. */
export function sliceOf(input: ResultInput, sopInstanceUid: string, frameNumber: number | null): number {
  return input.source.frames.findIndex(
    (frame) => frame.sopInstanceUid === sopInstanceUid && frame.frameNumber === frameNumber,
  );
}

export function sourceImage(
  input: ResultInput,
  frame: Pick<FrameGeometry, 'sopClassUid' | 'sopInstanceUid' | 'frameNumber'>,
): ImageReference {
  return {
    studyInstanceUid: studyUid(input),
    seriesInstanceUid: input.findings.seriesInstanceUid,
    sopClassUid: frame.sopClassUid,
    sopInstanceUid: frame.sopInstanceUid,
    frameNumber: frame.frameNumber,
  };
}

/** Another result of the same analysis, by the part its UID derives from. */
export function resultReference(
  input: ResultInput,
  kind: ResultKind,
  sopClassUid: string,
  part: string,
): ImageReference {
  return {
    studyInstanceUid: studyUid(input),
    seriesInstanceUid: resultUid(input, kind, 'series'),
    sopClassUid,
    sopInstanceUid: resultUid(input, kind, part),
    frameNumber: null,
  };
}

/** One identity a finding in every kind of result (TID 4108). */
export function tracking(
  input: ResultInput,
  finding: Finding,
  index: number,
): { readonly identifier: string; readonly uid: string } {
  const number = index + 1;
  const identifier =
    finding.kind === 'aneurysm' ? `Aneurysm ${number}` : `Haemorrhage ${number}, ${finding.subtype}`;
  return { identifier, uid: resultUid(input, 'sr', `${finding.kind} ${number}`) };
}

/** The report of an earlier study that a finding is compared with, where there is one. */
export function priorReport(finding: Finding): ImageReference | null {
  const prior = finding.kind === 'aneurysm' ? finding.growth?.prior : undefined;
  if (prior?.report == null) return null;
  return { ...prior.report, studyInstanceUid: prior.studyInstanceUid, frameNumber: null };
}

/** Without a Frame of Reference nothing can be placed in the patient: no masks, maps or points there (PS3.3 C.7.4.1). */
export function hasFrameOfReference({ source }: ResultInput): boolean {
  return (source.frames[0]?.frameOfReferenceUid ?? '') !== '';
}

export function studyUid(input: ResultInput): string {
  return input.source.attributes.text('StudyInstanceUID') ?? '';
}

/** SOP Instance Reference Macro and the frame or segment meant (PS3.3 Table 10-3, 10-11). */
export function referencedSop(reference: ImageReference): Dataset {
  return {
    ReferencedSOPClassUID: reference.sopClassUid,
    ReferencedSOPInstanceUID: reference.sopInstanceUid,
    ReferencedFrameNumber: reference.frameNumber ?? undefined,
    ReferencedSegmentNumber: reference.segmentNumber,
  };
}
