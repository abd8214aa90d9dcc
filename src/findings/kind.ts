import { WillisError } from '../errors.ts';
import type { AneurysmFinding, Finding, FindingKind, SeriesFindings } from './types.ts';

/** What each pipeline looks for, and so what "no findings" of it is about. */
const looksFor: Readonly<Record<string, FindingKind>> = {
  'tof-patch': 'aneurysm',
  'tof-coarse-fine': 'aneurysm',
  'cta-resnet': 'aneurysm',
  'ncct-haemorrhage': 'haemorrhage',
};

/** The kind of finding that a series was, or was to be, searched for. Throws PIPELINE_UNKNOWN. */
export function soughtKind(findings: Pick<SeriesFindings, 'pipeline'>): FindingKind {
  return soughtBy(findings.pipeline);
}

/** What a pipeline looks for. Throws PIPELINE_UNKNOWN. */
export function soughtBy(pipeline: string): FindingKind {
  const kind = looksFor[pipeline];
  if (kind !== undefined) return kind;
  throw new WillisError(
    'PIPELINE_UNKNOWN',
    `What the pipeline "${pipeline}" looks for is not known; name it in src/findings/kind.ts.`,
  );
}

/** The aneurysms among the findings of a series. */
export function aneurysmsOf(findings: SeriesFindings): readonly AneurysmFinding[] {
  return (findings.findings as readonly Finding[]).filter((finding) => finding.kind === 'aneurysm');
}
