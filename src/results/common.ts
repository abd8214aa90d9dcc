import { codes, derivedUid, type Attributes, type Dataset, type DatasetValue } from '../dicom/index.ts';
import type { CodedConcept } from '../dicom/index.ts';
import type { ResultInput, ResultKind } from './types.ts';

export const explicitVrLittleEndian = '1.2.840.10008.1.2.1';
export const manufacturer = 'Willis';

/** Type 2 attributes of Patient and General Study: empty where the source does not have them (PS3.3 C.7.1.1, C.7.2.1). */
const copiedEvenEmpty = [
  'PatientName',
  'PatientID',
  'PatientBirthDate',
  'PatientSex',
  'StudyInstanceUID',
  'StudyDate',
  'StudyTime',
  'ReferringPhysicianName',
  'StudyID',
  'AccessionNumber',
] as const;
const copiedWherePresent = [
  'SpecificCharacterSet',
  'IssuerOfPatientID',
  'StudyDescription',
  'PatientAge',
  'PatientSize',
  'PatientWeight',
] as const;
/** Values that devices get wrong often enough to make a result invalid; a wrong one is left empty. */
const sound: Readonly<Record<string, RegExp>> = {
  PatientBirthDate: /^\d{8}$/,
  PatientSex: /^[MFO]$/,
  StudyDate: /^\d{8}$/,
  StudyTime: /^\d{2,6}(\.\d{1,6})?$/,
  PatientAge: /^\d{3}[DWMY]$/,
  PatientSize: /^[\d.]+$/,
  PatientWeight: /^[\d.]+$/,
};

/** Patient and study exactly as the source has them, byte for byte, and who made the result. */
export function patientStudyEquipment(input: ResultInput): Dataset {
  const { attributes } = input.source;
  const copied: Record<string, DatasetValue> = {};
  for (const keyword of copiedEvenEmpty) copied[keyword] = copy(attributes, keyword) ?? '';
  for (const keyword of copiedWherePresent) copied[keyword] = copy(attributes, keyword);
  return {
    ...copied,
    BodyPartExamined: 'HEAD',
    Manufacturer: manufacturer,
    ManufacturerModelName: modelName(input),
    DeviceSerialNumber: serialNumber(input),
    SoftwareVersions: [`willis ${input.softwareVersions}`, `${input.card.id} ${input.card.version}`],
    ContributingEquipmentSequence: [contributingEquipment(input)],
  };
}

/** IHE AIR: each algorithm is Processing Equipment with a Device UID that changes with the model. */
function contributingEquipment(input: ResultInput): Dataset {
  return {
    PurposeOfReferenceCodeSequence: [codeItem(codes.processingEquipment)],
    Manufacturer: manufacturer,
    ManufacturerModelName: modelName(input),
    SoftwareVersions: [`${input.card.id} ${input.card.version}`],
    DeviceUID: deviceUid(input),
  };
}

export function modelName(input: ResultInput): string {
  return input.card.title.slice(0, 64);
}

export function serialNumber(input: ResultInput): string {
  return input.findings.bundle.sha256.slice(0, 16);
}

export function deviceUid(input: ResultInput): string {
  return derivedUid('willis-device', input.findings.bundle.sha256);
}

/**
 * UIDs follow from input set, bundles, version, kind and place in the series alone (invariant 3). Bundles are told apart by their
 * digest, as versions are: id and version may stay where a limit was changed, and version 1 comes again.
 */
export function resultUid(input: ResultInput, kind: ResultKind, part: string): string {
  const { id, version } = input.findings.bundle;
  const { inputSha256, bundleSha256, version: resultVersion } = input.identity;
  // one pipeline more, other names of arteries or another head mask is another statement about the same series
  const others = (input.findings.others ?? []).map(({ bundle }) => bundle.sha256);
  const { sitesBy, headMask } = input.findings;
  if (sitesBy !== undefined) others.push(sitesBy.sha256);
  if (headMask?.by === 'signed-distance') others.push(headMask.model.sha256);
  // and so is what an earlier study adds to it
  const { comparison } = input.findings;
  const compared = comparison?.state === 'compared' ? [comparison.prior.seriesInstanceUid] : [];
  const parts = [kind, part, ...others, ...compared];
  return derivedUid('willis-result', inputSha256, bundleSha256, id, version, String(resultVersion), ...parts);
}

export function codeItem(code: CodedConcept): Dataset {
  return { CodeValue: code.value, CodingSchemeDesignator: code.scheme, CodeMeaning: code.meaning };
}

export function dicomDate(date: Date): string {
  return `${date.getFullYear()}${two(date.getMonth() + 1)}${two(date.getDate())}`;
}

export function dicomTime(date: Date): string {
  return `${two(date.getHours())}${two(date.getMinutes())}${two(date.getSeconds())}`;
}

function two(value: number): string {
  return String(value).padStart(2, '0');
}

function copy(attributes: Attributes, keyword: string): DatasetValue {
  const pattern = sound[keyword];
  if (pattern !== undefined && !pattern.test(attributes.text(keyword) ?? '')) return undefined;
  return attributes.raw(keyword);
}
