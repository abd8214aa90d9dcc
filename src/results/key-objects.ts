import { codes, type Dataset } from '../dicom/index.ts';
import type { Finding } from '../findings/index.ts';
import { keyFrameOf, sliceOf, sourceImage, type ImageReference } from './references.ts';
import { deviceObserver, language } from './sr/context.ts';
import { structuredDocument } from './sr/document.ts';
import { evidenceSequences } from './sr/evidence.ts';
import { image, root, text } from './sr/items.ts';
import { stateInWords } from './sr/words.ts';
import type { ResultInput, ResultInstance } from './types.ts';

/**
 * The source images that show the findings, flagged "Of Interest" (PS3.3 A.35.4, TID 2010). Only where there are findings: an
 * empty flag is no statement, the report and the summary make it.
 */
export function buildKeyObjects(input: ResultInput): ResultInstance {
  const images = keyImages(input);
  const content: Dataset = root(codes.ofInterest, '2010', [
    language(),
    ...deviceObserver(input),
    text('CONTAINS', codes.keyObjectDescription, `${stateInWords(input)} ${input.card.intendedUse}.`),
    ...images.map((reference) => image('CONTAINS', null, reference)),
  ]);
  const { CurrentRequestedProcedureEvidenceSequence } = evidenceSequences(
    { ...input, source: { ...input.source, sourceInstances: [] } },
    images,
  );
  return structuredDocument(
    input,
    {
      kind: 'kos',
      sopClassUid: '1.2.840.10008.5.1.4.1.1.88.59',
      modality: 'KO',
      seriesNumber: 9908,
      description: 'Willis key images',
      part: 'instance 1',
    },
    content,
    { CurrentRequestedProcedureEvidenceSequence },
  );
}

/** The key frame of each finding, and every slice a haemorrhage is marked on; in stack order, each once. */
function keyImages(input: ResultInput): readonly ImageReference[] {
  const slices = input.findings.findings.flatMap((finding) => slicesOf(input, finding));
  return [...new Set(slices)]
    .sort((a, b) => a - b)
    .map((slice) => sourceImage(input, input.source.frames[slice]!));
}

function slicesOf(input: ResultInput, finding: Finding): readonly number[] {
  const key = keyFrameOf(input, finding).slice;
  if (finding.kind === 'aneurysm') return [key];
  return [key, ...finding.slices.map((one) => sliceOf(input, one.sopInstanceUid, one.frameNumber))];
}
