import { readFileSync } from 'node:fs';
import { readInstance, type Attributes } from '../../src/dicom/index.ts';
import { sendInstances, type SendOutcome } from '../../src/network/index.ts';
import type { TestPacs } from './test-pacs.ts';

/** Sends files as they are to a node on this machine. */
export async function sendFiles(
  files: readonly string[],
  port: number,
  calling = 'SCANNER',
): Promise<readonly SendOutcome[]> {
  const instances = files.map((path) => {
    const { sopClassUid, sopInstanceUid, transferSyntaxUid } = readInstance(readFileSync(path));
    return { path, sopClassUid, sopInstanceUid, transferSyntaxUid };
  });
  return await sendInstances({ aeTitle: 'WILLIS', host: '127.0.0.1', port }, instances, {
    callingAeTitle: calling,
  });
}

/** The SR that a PACS got, by its content. */
export interface Report {
  readonly sopInstanceUid: string;
  readonly attributes: Attributes;
  /** Code Value of (111017, DCM, CAD Processing and Findings Summary). */
  readonly summaryCode: string;
  readonly centres: readonly (readonly number[])[];
  readonly comments: readonly string[];
  /** Of each aneurysm that was compared: Difference in Size (CID 6134), and its diameter now and then. */
  readonly growth: readonly { readonly change: string; readonly nowMm: number; readonly thenMm: number }[];
}

export function reportsIn(pacs: TestPacs): readonly Report[] {
  return [...pacs.instances.values()]
    .filter((instance) => instance.sopClassUid === '1.2.840.10008.5.1.4.1.1.88.34')
    .map((instance) => readReport(instance.path));
}

export function readReport(path: string): Report {
  const { attributes, sopInstanceUid } = readInstance(readFileSync(path));
  const items = flatten(attributes);
  const named = (code: string): readonly Attributes[] => items.filter((item) => conceptOf(item) === code);
  return {
    sopInstanceUid,
    attributes,
    summaryCode: named('111017')[0]?.items('ConceptCodeSequence')[0]?.text('CodeValue') ?? '',
    centres: named('111030').map((item) => item.numbers('GraphicData')),
    growth: items.flatMap(growthIn),
    comments: named('121106').map((item) => item.text('TextValue') ?? ''),
  };
}

function growthIn(group: Attributes): Report['growth'] {
  const change = childrenOf(group, '442714003')[0];
  if (change === undefined || change.text('ValueType') !== 'CODE') return [];
  const diameter = (of: Attributes): number => measured(childrenOf(of, '81827009')[0]!);
  return [
    {
      change: change.items('ConceptCodeSequence')[0]?.text('CodeValue') ?? '',
      nowMm: diameter(group),
      thenMm: diameter(childrenOf(change, '121069')[0]!),
    },
  ];
}

function childrenOf(item: Attributes, code: string): readonly Attributes[] {
  return item.items('ContentSequence').filter((child) => conceptOf(child) === code);
}

function measured(item: Attributes): number {
  return item.items('MeasuredValueSequence')[0]!.number('NumericValue')!;
}

function flatten(item: Attributes): readonly Attributes[] {
  return item.items('ContentSequence').flatMap((child) => [child, ...flatten(child)]);
}

function conceptOf(item: Attributes): string {
  return item.items('ConceptNameCodeSequence')[0]?.text('CodeValue') ?? '';
}
