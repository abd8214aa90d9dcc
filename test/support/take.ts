import { readFileSync, statSync } from 'node:fs';
import { readInstance } from '../../src/dicom/index.ts';
import type { Ingest } from '../../src/intake/index.ts';

/** Gives the intake a file as the receiver does once it is on the disk (Part 10, explicit little endian file meta group). */
export async function takeFile(
  ingest: Ingest,
  file: string,
  origin: 'routed' | 'prior' = 'routed',
  associationId?: string,
): Promise<void> {
  const bytes = readFileSync(file);
  const { sopClassUid, sopInstanceUid, transferSyntaxUid } = readInstance(bytes);
  const datasetOffset = 144 + bytes.readUInt32LE(140);
  await ingest.take({
    ...{ path: file, sizeBytes: statSync(file).size, sopClassUid, sopInstanceUid, transferSyntaxUid },
    ...(associationId === undefined ? {} : { associationId }),
    ...{ callingAeTitle: 'MR1', origin, head: bytes.subarray(datasetOffset), datasetOffset },
  });
}
