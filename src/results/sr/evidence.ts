import type { Dataset } from '../../dicom/index.ts';
import { sourceImage, studyUid, type ObjectReference } from '../references.ts';
import type { ReportReference, ResultInput } from '../types.ts';

/**
 * Every object that a document rests on or points at, by study and series: those of this study as current, those of others as
 * pertinent evidence (PS3.3 C.17.2). `more` beside the source images, which were all looked at.
 */
export function evidenceSequences(input: ResultInput, more: readonly ObjectReference[]): Dataset {
  const sources = input.source.sourceInstances.map((instance) =>
    sourceImage(input, { ...instance, frameNumber: null }),
  );
  const all = [...new Map([...sources, ...more].map((one) => [one.sopInstanceUid, one])).values()];
  const current = all.filter((one) => one.studyInstanceUid === studyUid(input));
  const others = all.filter((one) => one.studyInstanceUid !== studyUid(input));
  return {
    CurrentRequestedProcedureEvidenceSequence: hierarchical(current),
    PertinentOtherEvidenceSequence: others.length === 0 ? undefined : hierarchical(others),
  };
}

/** The report of the same kind that this one replaces, else the richest there is (PS3.3 C.17.2.3). */
export function predecessor(input: ResultInput, kind: ReportReference['kind']): Dataset {
  const reports = input.identity.supersedes?.reports ?? [];
  const replaced = reports.find((report) => report.kind === kind) ?? reports[0];
  if (replaced === undefined) return {};
  const { sopClassUid, sopInstanceUid, seriesInstanceUid } = replaced;
  const reference = { studyInstanceUid: studyUid(input), seriesInstanceUid, sopClassUid, sopInstanceUid };
  return { PredecessorDocumentsSequence: hierarchical([reference]) };
}

/** Hierarchical SOP Instance Reference Macro (PS3.3 Table C.17-3). */
function hierarchical(references: readonly ObjectReference[]): readonly Dataset[] {
  return [...Map.groupBy(references, (one) => one.studyInstanceUid)].map(([study, inStudy]) => ({
    StudyInstanceUID: study,
    ReferencedSeriesSequence: [...Map.groupBy(inStudy, (one) => one.seriesInstanceUid)].map(
      ([series, inSeries]) => ({
        SeriesInstanceUID: series,
        ReferencedSOPSequence: inSeries.map((one) => ({
          ReferencedSOPClassUID: one.sopClassUid,
          ReferencedSOPInstanceUID: one.sopInstanceUid,
        })),
      }),
    ),
  }));
}
