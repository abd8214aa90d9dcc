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
    comments: named('121106').map((item) => item.text('TextValue') ?? ''),
  };
}

function flatten(item: Attributes): readonly Attributes[] {
  return item.items('ContentSequence').flatMap((child) => [child, ...flatten(child)]);
}

function conceptOf(item: Attributes): string {
  return item.items('ConceptNameCodeSequence')[0]?.text('CodeValue') ?? '';
}
