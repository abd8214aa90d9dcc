import { readFile } from 'node:fs/promises';
import type { ArchiveFiles, ResultRow } from '../archive/index.ts';
import { implicitVrLittleEndian, losslessSyntaxes, transcodeDataset } from '../dicom/index.ts';
import {
  sendInstances,
  stowInstances,
  type Conversion,
  type OutgoingInstance,
  type SendOutcome,
} from '../network/index.ts';
import { openCompressor, type Compressor } from './compressor.ts';
import type { Destination } from './destination.ts';

const explicitVrLittleEndian = '1.2.840.10008.1.2.1';
/** Kinds whose pixels are 8-bit pictures: these are worth compressing, and every viewer that knows the codec reads them. */
const pictures: ReadonlySet<string> = new Set([
  'summary',
  'summary-grey',
  'heatmap',
  'heatmap-multiframe',
  'heatmap-grey',
  'key-views',
  'cine',
  'curve',
]);

/** Sends result files to a destination in the way it wants; one outcome a row, in order. Throws where it cannot be reached. */
export async function sendResults(
  destination: Destination,
  rows: readonly ResultRow[],
  options: { readonly callingAeTitle: string; readonly files: ArchiveFiles },
): Promise<readonly SendOutcome[]> {
  const instances = rows.map((row) => ({
    path: options.files.absolute(row.path),
    sopClassUid: row.sop_class_uid,
    sopInstanceUid: row.sop_instance_uid,
    transferSyntaxUid: row.transfer_syntax_uid,
  }));
  await using compressor = openCompressor();
  const conversion = conversionFor(destination, rows, compressor);
  return destination.type === 'stow-rs'
    ? await stowInstances(destination, instances, conversion)
    : await sendInstances(destination, instances, { callingAeTitle: options.callingAeTitle }, conversion);
}

/** The transfer syntax a row should have there, if all goes as configured. */
export function wantedSyntax(destination: Destination, row: ResultRow): string {
  const compressed = destination.compression !== 'none' && pictures.has(row.kind);
  return compressed && row.transfer_syntax_uid === explicitVrLittleEndian
    ? losslessSyntaxes[destination.compression]
    : row.transfer_syntax_uid;
}

/** Wanted compression, then as it is, then Implicit VR Little Endian, which every peer must know (PS3.5 10.1). */
function conversionFor(
  destination: Destination,
  rows: readonly ResultRow[],
  compressor: Compressor,
): Conversion {
  const wanted = new Map(rows.map((row) => [row.sop_instance_uid, wantedSyntax(destination, row)]));
  return {
    offered: (instance: OutgoingInstance) => {
      const own = instance.transferSyntaxUid;
      if (own !== explicitVrLittleEndian) return [own];
      return [...new Set([wanted.get(instance.sopInstanceUid) ?? own, own, implicitVrLittleEndian])];
    },
    convert: async (instance, transferSyntaxUid) =>
      transferSyntaxUid === implicitVrLittleEndian
        ? await transcodeDataset(await readFile(instance.path), transferSyntaxUid)
        : await compressor.compress(instance.path, transferSyntaxUid),
  };
}
