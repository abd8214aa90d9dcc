import type { Database } from '../../src/archive/index.ts';
import { readTraits } from '../../src/intake/index.ts';
import { frameGeometries } from '../../src/volume/index.ts';
import { sampleInstances } from './sample.ts';

/** A series of the index and what is said of its study; left out: as the sample's, analysed, of one and the same patient. */
export interface Archived {
  readonly id: number;
  readonly studyDate: string;
  readonly patientId?: string;
  readonly issuer?: string;
  readonly birthDate?: string;
  readonly modality?: string;
  readonly state?: 'receiving' | 'queued' | 'no-findings';
  readonly slices?: number;
  readonly fetchedAt?: number;
}

const sample = sampleInstances();
const traits = readTraits(sample[0]!.attributes);

/** Puts a series with its study and instances (no files) into an index. */
export async function archive(database: Database, series: Archived): Promise<void> {
  const { id, studyDate, patientId = 'P1', issuer = '', birthDate = '', modality = 'MR' } = series;
  const common = { study_instance_uid: `2.25.${id}`, last_received_at: 0 };
  await database
    .insertInto('study')
    .values({
      ...common,
      ...{ patient_name: '', patient_id: patientId, issuer_of_patient_id: issuer },
      ...{ patient_birth_date: birthDate, patient_sex: '', study_date: studyDate, study_time: '' },
      ...{ accession_number: '', study_description: '', study_id: '', referring_physician_name: '' },
      search_text: '',
    })
    .execute();
  await database
    .insertInto('series')
    .values({
      ...common,
      ...{ id, series_instance_uid: `2.25.${id}.1`, modality, state: series.state ?? 'no-findings' },
      ...{ description: JSON.stringify({ ...traits, modality }), calling_ae_title: 'SCANNER' },
      ...(series.fetchedAt === undefined ? {} : { origin: 'prior' as const }),
      first_received_at: series.fetchedAt ?? 0,
    })
    .execute();
  const rows = sample.slice(0, series.slices ?? 40).map((one, index) => ({
    ...{ series_id: id, sop_instance_uid: `2.25.${id}.2.${index}`, sop_class_uid: one.sopClassUid },
    ...{ transfer_syntax_uid: '1.2.840.10008.1.2.1', path: `${id}/${index}`, size_bytes: 1, received_at: 0 },
    frames: JSON.stringify(frameGeometries(one.sopClassUid, one.sopInstanceUid, one.attributes)),
  }));
  await database.insertInto('instance').values(rows).execute();
}
