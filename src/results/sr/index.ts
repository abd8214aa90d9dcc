import { codes, type Dataset } from '../../dicom/index.ts';
import { companionImages, type Companions } from '../companions.ts';
import { keyFrameOf, priorReport, type ImageReference } from '../references.ts';
import type { ReportKind, ResultInput, ResultInstance } from '../types.ts';
import { basicTextContent } from './basic-text.ts';
import { algorithm, deviceObserver, imageLibrary, language, procedureReported } from './context.ts';
import { structuredDocument } from './document.ts';
import { evaluations } from './evaluations.ts';
import { evidenceSequences, predecessor } from './evidence.ts';
import { measurementGroup } from './group.ts';
import { container, root } from './items.ts';
import type { ReportContext } from './place.ts';

const documents = {
  sr: {
    sopClassUid: '1.2.840.10008.5.1.4.1.1.88.34',
    seriesNumber: 9903,
    description: 'Willis report',
    content: (input: ResultInput, companions: Companions) =>
      measurementReport({ input, companions, pointsInPatient: true }),
  },
  'sr-comprehensive': {
    sopClassUid: '1.2.840.10008.5.1.4.1.1.88.33',
    seriesNumber: 9904,
    description: 'Willis report (2D)',
    content: (input: ResultInput, companions: Companions) =>
      measurementReport({ input, companions, pointsInPatient: false }),
  },
  'sr-basic-text': {
    sopClassUid: '1.2.840.10008.5.1.4.1.1.88.11',
    seriesNumber: 9905,
    description: 'Willis report (text)',
    content: basicTextContent,
  },
} as const;

/**
 * The findings as a Structured Report: Comprehensive 3D SR (PS3.3 A.35.13), or for a PACS that takes no such one Comprehensive
 * SR (A.35.3, points on images) or Basic Text SR (A.35.1, words).
 */
export function buildReport(input: ResultInput, kind: ReportKind, companions: Companions): ResultInstance {
  const { content, ...place } = documents[kind];
  const part = ['instance 1', companions.signature].filter((words) => words !== '').join(' with ');
  return structuredDocument(input, { ...place, kind, modality: 'SR', part }, content(input, companions), {
    CompletionFlag: 'COMPLETE',
    VerificationFlag: 'UNVERIFIED',
    PreliminaryFlag: 'PRELIMINARY',
    PerformedProcedureCodeSequence: [],
    ...evidenceSequences(input, referenced(input, companions)),
    ...predecessor(input, kind),
  });
}

/** TID 1500 Measurement Report, row by row. */
function measurementReport(report: ReportContext): Dataset {
  const { input } = report;
  const groups = input.findings.findings.map((finding, index) => measurementGroup(report, finding, index));
  return root(codes.imagingMeasurementReport, '1500', [
    language(),
    ...deviceObserver(input),
    procedureReported(input),
    ...algorithm(input),
    imageLibrary(input),
    ...(groups.length === 0 ? [] : [container('CONTAINS', codes.imagingMeasurements, groups)]),
    container('CONTAINS', codes.qualitativeEvaluations, evaluations(input)),
  ]);
}

function referenced(input: ResultInput, companions: Companions): readonly ImageReference[] {
  return input.findings.findings.flatMap((finding, index) => {
    const { slice } = keyFrameOf(input, finding);
    const prior = priorReport(finding);
    return [...companionImages(companions, { index, slice }), ...(prior === null ? [] : [prior])];
  });
}
