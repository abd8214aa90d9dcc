import type { Attributes, Instance } from '../dicom/index.ts';
import type { Reason } from '../findings/index.ts';

const codes: ReadonlySet<string> = new Set(['MIXED_PATIENT', 'MIXED_STUDY']);

/**
 * Why images that came as one series are not of one study of one patient, or null. A report of them would lie in the study of
 * somebody whom it is not about, so none is made: page, log and alert tell it. Patients are counted, never named.
 */
export function mixedSeries(instances: readonly Instance[]): Reason | null {
  const patients = distinct(instances, patientOf);
  if (patients > 1) return reason('MIXED_PATIENT', `${patients} patients`);
  const studies = distinct(instances, (attributes) => textOf(attributes, 'StudyInstanceUID'));
  return studies > 1 ? reason('MIXED_STUDY', `${studies} studies`) : null;
}

/** Whether it cannot be told in whose study a report would belong. */
export function isMixed({ code }: Reason): boolean {
  return codes.has(code);
}

function reason(code: 'MIXED_PATIENT' | 'MIXED_STUDY', what: string): Reason {
  const text = `The images of this series are of ${what}, under one Series Instance UID. Nothing was read, and no report was sent: it would lie in the study of one of them. Correct them at the source and send each as a series of its own.`;
  return { code, text };
}

/** The Patient ID; of images without one name and birth date, of which alone nothing better is known. */
function patientOf(attributes: Attributes): string {
  const id = textOf(attributes, 'PatientID');
  if (id !== '') return JSON.stringify([id]);
  return JSON.stringify([textOf(attributes, 'PatientName'), textOf(attributes, 'PatientBirthDate')]);
}

function textOf(attributes: Attributes, keyword: string): string {
  return (attributes.text(keyword) ?? '').trim();
}

function distinct(instances: readonly Instance[], of: (attributes: Attributes) => string): number {
  return new Set(instances.map(({ attributes }) => of(attributes))).size;
}
