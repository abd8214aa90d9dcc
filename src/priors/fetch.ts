import { open } from 'node:fs/promises';
import { readInstance, type Attributes } from '../dicom/index.ts';
import { findMatches, moveStudy, retrieveStudy, searchStudies } from '../network/index.ts';
import type { PriorOptions } from './index.ts';

/** A PACS may take long over a study without saying anything. */
const moveTimeoutMs = 600_000;
const dayMs = 86_400_000;

/** Studies of the same patient and modality before this one, newest first; none where the patient has no Patient ID. */
export async function findPriors(options: PriorOptions, current: Attributes): Promise<readonly string[]> {
  const patientId = current.text('PatientID');
  if (patientId === undefined) return [];
  const own = current.text('StudyInstanceUID');
  const modality = current.text('Modality') ?? '';
  const found = await search(options, current, patientId);
  return (
    found
      // a Patient ID with a wildcard in it finds others too: only the very same is this patient
      .filter((study) => study.patientId === patientId && study.studyInstanceUid !== own)
      .filter(({ modalities }) => modalities.length === 0 || modalities.includes(modality))
      .filter(({ studyDate }) => studyDate !== '' && studyDate <= (current.text('StudyDate') ?? '99999999'))
      .sort((a, b) => (a.studyDate < b.studyDate ? 1 : -1))
      .slice(0, options.maxStudies)
      .map((study) => study.studyInstanceUid)
  );
}

interface Found {
  readonly patientId: string;
  readonly studyInstanceUid: string;
  readonly studyDate: string;
  readonly modalities: readonly string[];
}

async function search(
  options: PriorOptions,
  current: Attributes,
  patientId: string,
): Promise<readonly Found[]> {
  const { source } = options;
  const now = options.now();
  const studyDates = `${day(now - options.lookbackDays * dayMs)}-${day(now)}`;
  if (source.type === 'dicomweb') return await searchStudies(source, { patientId, studyDates });
  const identifier = {
    SpecificCharacterSet: current.raw('SpecificCharacterSet'),
    QueryRetrieveLevel: 'STUDY',
    PatientID: current.raw('PatientID'),
    StudyDate: studyDates,
    StudyInstanceUID: '',
    ModalitiesInStudy: '',
  };
  const matches = await findMatches(source, identifier, { callingAeTitle: options.aeTitle });
  return matches.map((match) => ({
    patientId: match.text('PatientID') ?? '',
    studyInstanceUid: match.text('StudyInstanceUID') ?? '',
    studyDate: match.text('StudyDate') ?? '',
    modalities: match.texts('ModalitiesInStudy'),
  }));
}

/** Brings one study into the archive; returns how many instances did not come. */
export async function fetchStudy(options: PriorOptions, studyInstanceUid: string): Promise<number> {
  const { source, aeTitle } = options;
  if (source.type !== 'dicomweb') {
    const asking = { callingAeTitle: aeTitle, answerTimeoutMs: moveTimeoutMs };
    return await moveStudy(source, studyInstanceUid, aeTitle, asking);
  }
  for await (const bytes of retrieveStudy(source, studyInstanceUid)) await keep(options, bytes);
  return 0;
}

async function keep(options: PriorOptions, bytes: Buffer): Promise<void> {
  const { sopClassUid, sopInstanceUid, transferSyntaxUid } = readInstance(bytes);
  const path = options.files.allocateInstance();
  const handle = await open(path, 'wx');
  try {
    await handle.write(bytes);
    await handle.sync();
  } finally {
    await handle.close();
  }
  const datasetOffset = 144 + bytes.readUInt32LE(140);
  const head = bytes.subarray(datasetOffset, datasetOffset + 65_536);
  await options.take({
    ...{ path, sizeBytes: bytes.length, sopClassUid, sopInstanceUid, transferSyntaxUid },
    ...{ head, datasetOffset },
  });
}

function day(timeMs: number): string {
  return new Date(timeMs).toISOString().slice(0, 10).replaceAll('-', '');
}
