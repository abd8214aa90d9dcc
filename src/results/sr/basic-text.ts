import { codes, type Dataset } from '../../dicom/index.ts';
import { companionImages, type Companions } from '../companions.ts';
import { keyFrameOf, priorReport } from '../references.ts';
import type { ResultInput } from '../types.ts';
import { deviceObserver, language } from './context.ts';
import { presence, processingState } from './evaluations.ts';
import { composite, container, image, root, text } from './items.ts';
import { findingInWords, provenanceInWords, stateInWords } from './words.ts';

/**
 * The report in words, for a PACS that shows no other: TID 2000 Basic Diagnostic Imaging Report. Basic Text SR has neither
 * numbers nor coordinates (PS3.3 A.35.1.3); it says in text what the others have coded, and names the same images.
 */
export function basicTextContent(input: ResultInput, companions: Companions): Dataset {
  const conclusion = (words: string): Dataset => text('CONTAINS', codes.conclusion, words);
  const findings = findingParagraphs(input, companions);
  return root(codes.diagnosticImagingReport, '2000', [
    language(),
    ...deviceObserver(input),
    container('CONTAINS', codes.summarySection, [
      processingState(input),
      presence(input, []),
      conclusion(stateInWords(input)),
    ]),
    ...(findings.length === 0 ? [] : [container('CONTAINS', codes.findingsSection, findings)]),
    container('CONTAINS', codes.conclusionsSection, provenanceInWords(input).map(conclusion)),
  ]);
}

function findingParagraphs(input: ResultInput, companions: Companions): readonly Dataset[] {
  return input.findings.findings.map((finding, index) => {
    const { slice, image: key } = keyFrameOf(input, finding);
    const prior = priorReport(finding);
    return text('CONTAINS', codes.finding, findingInWords(input, finding, index), [
      ...[key, ...companionImages(companions, { index, slice })].map((one) =>
        image('INFERRED FROM', null, one),
      ),
      ...(prior === null ? [] : [composite('INFERRED FROM', codes.previousReports, prior)]),
    ]);
  });
}
