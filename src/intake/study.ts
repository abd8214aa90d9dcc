import type { Transaction } from '../archive/index.ts';
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

/** Writes or refreshes the study's row; the newest series says how the study is called. */
export async function rememberStudy(
  transaction: Transaction,
  studyInstanceUid: string,
  study: StudyDescription,
  now: number,
): Promise<void> {
  const values = {
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
    last_received_at: now,
  };
  await transaction
    .insertInto('study')
    .values({ study_instance_uid: studyInstanceUid, ...values })
    .onConflict((conflict) => conflict.column('study_instance_uid').doUpdateSet(values))
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
