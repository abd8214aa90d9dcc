import { codes, type CodedConcept, type Dataset } from '../../dicom/index.ts';
import { soughtKind, type SeriesFindings } from '../../findings/index.ts';
import type { ResultInput } from '../types.ts';
import { code, number, text } from './items.ts';
import { stateInWords, provenanceInWords } from './words.ts';

/** CID 6047 by state. */
const summaries: Readonly<Record<SeriesFindings['state'], CodedConcept>> = {
  findings: codes.succeededWithFindings,
  'no-findings': codes.succeededWithoutFindings,
  'not-analysed': codes.noneSucceeded,
};

/** What was and was not concluded, said in codes and in words: there is never silence (invariant 4). */
export function evaluations(input: ResultInput): readonly Dataset[] {
  return [
    processingState(input),
    presence(input, scanProbability(input)),
    ...[stateInWords(input), ...provenanceInWords(input)].map((words) =>
      text('CONTAINS', codes.comment, words),
    ),
  ];
}

export function processingState({ findings }: ResultInput): Dataset {
  return code('CONTAINS', codes.processingSummary, summaries[findings.state]);
}

/** Present, absent, or undetermined where nothing was analysed (CID 240); `properties` further describe the statement. */
export function presence({ findings }: ResultInput, properties: readonly Dataset[]): Dataset {
  const values: Readonly<Record<SeriesFindings['state'], CodedConcept>> = {
    findings: codes.present,
    'no-findings': codes.absent,
    'not-analysed': codes.undetermined,
  };
  return code('CONTAINS', codes[soughtKind(findings)], values[findings.state], [
    code('HAS CONCEPT MOD', codes.findingSite, codes.intracranial),
    ...properties,
  ]);
}

/** The probability of any finding in the scan belongs to the statement: a group of its own would read as one more finding. */
function scanProbability({ findings }: ResultInput): readonly Dataset[] {
  if (findings.state === 'not-analysed') return [];
  return [number('HAS PROPERTIES', codes.probability, { value: findings.probability, unit: codes.noUnits })];
}
