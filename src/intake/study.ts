import type { Statements, Transaction } from '../archive/index.ts';
import type { Attributes } from '../dicom/index.ts';

/** What an administrator or reader looks a study up by. Patient data: for the index only, never for a log. */
export interface StudyDescription {
  readonly patientName: string;
  readonly patientId: string;
  readonly patientBirthDate: string;
  readonly patientSex: string;
  readonly studyDate: string;
  readonly studyTime: string;
  readonly accessionNumber: string;
  readonly studyDescription: string;
  readonly studyId: string;
  readonly referringPhysicianName: string;
}

const longestText = 256;

export function readStudy(header: Attributes): StudyDescription {
  const text = (keyword: string): string => (header.text(keyword) ?? '').slice(0, longestText);
  return {
    patientName: text('PatientName'),
    patientId: text('PatientID'),
    patientBirthDate: text('PatientBirthDate'),
    patientSex: text('PatientSex'),
    studyDate: text('StudyDate'),
    studyTime: text('StudyTime'),
    accessionNumber: text('AccessionNumber'),
    studyDescription: text('StudyDescription'),
    studyId: text('StudyID'),
    referringPhysicianName: text('ReferringPhysicianName'),
  };
}

const studyGrew = `
  insert into study
    (study_instance_uid, patient_name, patient_id, patient_birth_date, patient_sex, study_date, study_time,
     accession_number, study_description, study_id, referring_physician_name, search_text, last_received_at)
  values (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
  on conflict (study_instance_uid) do update set
    patient_name = excluded.patient_name, patient_id = excluded.patient_id,
    patient_birth_date = excluded.patient_birth_date, patient_sex = excluded.patient_sex,
    study_date = excluded.study_date, study_time = excluded.study_time,
    accession_number = excluded.accession_number, study_description = excluded.study_description,
    study_id = excluded.study_id, referring_physician_name = excluded.referring_physician_name,
    search_text = excluded.search_text, last_received_at = excluded.last_received_at`;

/** Writes or refreshes the study's row; the newest series says how the study is called. */
export function rememberStudy(
  statements: Statements,
  studyInstanceUid: string,
  study: StudyDescription,
  now: number,
): void {
  statements.run(
    studyGrew,
    ...[studyInstanceUid, study.patientName, study.patientId, study.patientBirthDate, study.patientSex],
    ...[study.studyDate, study.studyTime, study.accessionNumber, study.studyDescription, study.studyId],
    ...[study.referringPhysicianName, searchText(studyInstanceUid, study), now],
  );
}

/** The same where the study's row is there and no image came. */
export async function refreshStudy(
  transaction: Transaction,
  studyInstanceUid: string,
  study: StudyDescription,
): Promise<void> {
  await transaction
    .updateTable('study')
    .set({
      patient_name: study.patientName,
      patient_id: study.patientId,
      patient_birth_date: study.patientBirthDate,
      patient_sex: study.patientSex,
      study_date: study.studyDate,
      study_time: study.studyTime,
      accession_number: study.accessionNumber,
      study_description: study.studyDescription,
      study_id: study.studyId,
      referring_physician_name: study.referringPhysicianName,
      search_text: searchText(studyInstanceUid, study),
    })
    .where('study_instance_uid', '=', studyInstanceUid)
    .execute();
}

/** Lower case, `^` of person names as a space: "anna doe" finds DOE^ANNA as well as its parts do. */
function searchText(studyInstanceUid: string, study: StudyDescription): string {
  const { patientName, patientId, accessionNumber, studyDescription } = study;
  return [patientName, patientId, accessionNumber, studyDescription, studyInstanceUid]
    .join(' ')
    .replace(/[\^=]/g, ' ')
    .toLowerCase();
}
