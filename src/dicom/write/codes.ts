/** A coded concept (PS3.3 8.8): Code Value, Coding Scheme Designator, Code Meaning. */
export interface CodedConcept {
  readonly value: string;
  readonly scheme: string;
  readonly meaning: string;
}

const dcm = (value: string, meaning: string): CodedConcept => ({ value, scheme: 'DCM', meaning });
const sct = (value: string, meaning: string): CodedConcept => ({ value, scheme: 'SCT', meaning });

/** Every coded concept we write (PS3.16); SNOMED CT only from the set that DICOM may be used with freely. */
export const codes = {
  imagingMeasurementReport: dcm('126000', 'Imaging Measurement Report'),
  imagingMeasurements: dcm('126010', 'Imaging Measurements'),
  measurementGroup: dcm('125007', 'Measurement Group'),
  imageLibrary: dcm('111028', 'Image Library'),
  imageLibraryGroup: dcm('126200', 'Image Library Group'),
  languageOfContent: dcm('121049', 'Language of Content Item and Descendants'),
  english: { value: 'en-US', scheme: 'RFC5646', meaning: 'English (United States)' },
  observerType: dcm('121005', 'Observer Type'),
  device: dcm('121007', 'Device'),
  deviceObserverUid: dcm('121012', 'Device Observer UID'),
  deviceObserverName: dcm('121013', 'Device Observer Name'),
  deviceObserverManufacturer: dcm('121014', 'Device Observer Manufacturer'),
  deviceObserverModelName: dcm('121015', 'Device Observer Model Name'),
  procedureReported: dcm('121058', 'Procedure Reported'),
  mriUnspecified: { value: '25056-3', scheme: 'LN', meaning: 'Unspecified MRI' },
  ctUnspecified: { value: '25045-6', scheme: 'LN', meaning: 'Unspecified CT' },
  trackingIdentifier: dcm('112039', 'Tracking Identifier'),
  trackingUniqueIdentifier: dcm('112040', 'Tracking Unique Identifier'),
  finding: dcm('121071', 'Finding'),
  imageRegion: dcm('111030', 'Image Region'),
  sourceOfMeasurement: dcm('121112', 'Source of Measurement'),
  probability: dcm('122157', 'Probability'),
  algorithmName: dcm('111001', 'Algorithm Name'),
  algorithmVersion: dcm('111003', 'Algorithm Version'),
  algorithmManufacturer: dcm('122405', 'Algorithm Manufacturer'),
  processingSummary: dcm('111017', 'CAD Processing and Findings Summary'),
  succeededWithoutFindings: dcm('111241', 'All algorithms succeeded; without findings'),
  succeededWithFindings: dcm('111242', 'All algorithms succeeded; with findings'),
  noneSucceeded: dcm('111245', 'No algorithms succeeded; without findings'),
  comment: dcm('121106', 'Comment'),
  processingEquipment: dcm('109102', 'Processing Equipment'),
  qualitativeEvaluations: { value: 'C0034375', scheme: 'UMLS', meaning: 'Qualitative Evaluations' },
  aneurysm: sct('85659009', 'Aneurysm'),
  present: sct('52101004', 'Present'),
  absent: sct('272519000', 'Absent'),
  findingSite: sct('363698007', 'Finding Site'),
  laterality: sct('272741003', 'Laterality'),
  left: sct('7771000', 'Left'),
  right: sct('24028007', 'Right'),
  diameter: sct('81827009', 'Diameter'),
  volume: sct('118565006', 'Volume'),
  millimetre: { value: 'mm', scheme: 'UCUM', meaning: 'mm' },
  cubicMillimetre: { value: 'mm3', scheme: 'UCUM', meaning: 'mm3' },
  noUnits: { value: '1', scheme: 'UCUM', meaning: 'no units' },
} as const satisfies Readonly<Record<string, CodedConcept>>;
