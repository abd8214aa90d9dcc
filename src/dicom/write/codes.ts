/** A coded concept (PS3.3 8.8): Code Value, Coding Scheme Designator, Code Meaning. */
export interface CodedConcept {
  readonly value: string;
  readonly scheme: string;
  readonly meaning: string;
}

/** Where a code is allowed: the number of a context group (PS3.16), or the template that names it itself. */
type Origin = `CID ${number}` | `TID ${number}` | 'PS3.16 Annex D' | 'private';

interface ListedConcept extends CodedConcept {
  readonly origin: Origin;
}

const dcm = (value: string, meaning: string, origin: Origin): ListedConcept =>
  coded(value, 'DCM', meaning, origin);
const sct = (value: string, meaning: string, origin: Origin): ListedConcept =>
  coded(value, 'SCT', meaning, origin);
const loinc = (value: string, meaning: string, origin: Origin): ListedConcept =>
  coded(value, 'LN', meaning, origin);
/** Parts of arteries that SNOMED CT's free set has no word for; a scheme of our own must begin with 99 (PS3.3 8.2). */
const own = (value: string, meaning: string): ListedConcept => coded(value, '99WILLIS', meaning, 'private');
const ucum = (value: string, meaning: string): ListedConcept => coded(value, 'UCUM', meaning, 'CID 7181');

/**
 * Every coded concept we write; no code is spelled anywhere else. SNOMED CT only from the set that DICOM may be used with
 * freely: what has no exact code there is post-coordinated from parts that have. A test holds each code, its meaning and its
 * context group against an independent copy of PS3.16.
 */
export const codes = {
  // documents, their sections and context: TID 1204, 1500, 1501, 1002, 2000, 2010
  imagingMeasurementReport: dcm('126000', 'Imaging Measurement Report', 'CID 7021'),
  diagnosticImagingReport: loinc('18748-4', 'Diagnostic Imaging Report', 'CID 7000'),
  ofInterest: dcm('113000', 'Of Interest', 'CID 7010'),
  keyObjectDescription: dcm('113012', 'Key Object Description', 'TID 2010'),
  imagingMeasurements: dcm('126010', 'Imaging Measurements', 'TID 1500'),
  measurementGroup: dcm('125007', 'Measurement Group', 'TID 1501'),
  qualitativeEvaluations: coded('C0034375', 'UMLS', 'Qualitative Evaluations', 'TID 1500'),
  languageOfContent: dcm('121049', 'Language of Content Item and Descendants', 'TID 1204'),
  english: coded('en-US', 'RFC5646', 'English (United States)', 'TID 1204'),
  summarySection: loinc('55112-7', 'Summary', 'CID 7001'),
  findingsSection: loinc('59776-5', 'Findings', 'CID 7001'),
  conclusionsSection: loinc('55110-1', 'Conclusions', 'CID 7001'),
  conclusion: dcm('121077', 'Conclusion', 'CID 7002'),
  comment: dcm('121106', 'Comment', 'PS3.16 Annex D'),
  observerType: dcm('121005', 'Observer Type', 'TID 1002'),
  device: dcm('121007', 'Device', 'CID 270'),
  deviceObserverUid: dcm('121012', 'Device Observer UID', 'TID 1004'),
  deviceObserverName: dcm('121013', 'Device Observer Name', 'TID 1004'),
  deviceObserverManufacturer: dcm('121014', 'Device Observer Manufacturer', 'TID 1004'),
  deviceObserverModelName: dcm('121015', 'Device Observer Model Name', 'TID 1004'),
  deviceObserverSerialNumber: dcm('121016', 'Device Observer Serial Number', 'TID 1004'),
  procedureReported: dcm('121058', 'Procedure reported', 'TID 1500'),
  mriUnspecified: loinc('25056-3', 'MRI unspecified body region', 'CID 100'),
  ctUnspecified: loinc('25045-6', 'CT unspecified body region', 'CID 100'),
  processingEquipment: dcm('109102', 'Processing Equipment', 'CID 7005'),

  // image library: TID 1600, 1602, 1604
  imageLibrary: dcm('111028', 'Image Library', 'TID 1600'),
  imageLibraryGroup: dcm('126200', 'Image Library Group', 'TID 1600'),
  modality: dcm('121139', 'Modality', 'TID 1602'),
  magneticResonance: dcm('MR', 'Magnetic Resonance', 'CID 29'),
  computedTomography: dcm('CT', 'Computed Tomography', 'CID 29'),
  targetRegion: dcm('123014', 'Target Region', 'TID 1602'),
  head: sct('69536005', 'Head', 'CID 4031'),
  studyDate: dcm('111060', 'Study Date', 'TID 1602'),
  frameOfReferenceUid: dcm('112227', 'Frame of Reference UID', 'TID 1602'),
  pixelDataRows: dcm('110910', 'Pixel Data Rows', 'TID 1602'),
  pixelDataColumns: dcm('110911', 'Pixel Data Columns', 'TID 1602'),
  horizontalPixelSpacing: dcm('111026', 'Horizontal Pixel Spacing', 'TID 1604'),
  verticalPixelSpacing: dcm('111066', 'Vertical Pixel Spacing', 'TID 1604'),
  spacingBetweenSlices: dcm('112226', 'Spacing between slices', 'TID 1604'),

  // algorithm: TID 4019
  algorithmFamily: dcm('111000', 'Algorithm Family', 'TID 4019'),
  artificialIntelligence: dcm('123110', 'Artificial Intelligence', 'CID 7162'),
  algorithmName: dcm('111001', 'Algorithm Name', 'TID 4019'),
  algorithmVersion: dcm('111003', 'Algorithm Version', 'TID 4019'),
  algorithmManufacturer: dcm('122405', 'Algorithm Manufacturer', 'TID 4019'),

  // measurement groups: TID 1410, 1411, 1501, 300, 310
  trackingIdentifier: dcm('112039', 'Tracking Identifier', 'TID 4108'),
  trackingUniqueIdentifier: dcm('112040', 'Tracking Unique Identifier', 'TID 4108'),
  finding: dcm('121071', 'Finding', 'CID 7002'),
  imageRegion: dcm('111030', 'Image Region', 'TID 1410'),
  referencedSegment: dcm('121191', 'Referenced Segment', 'CID 7250'),
  sourceImageForSegmentation: dcm('121233', 'Source image for segmentation', 'TID 1411'),
  sourceOfMeasurement: dcm('121112', 'Source of Measurement', 'CID 7003'),
  visualExplanation: dcm('130401', 'Visual explanation', 'TID 1411'),
  classActivation: dcm('130402', 'Class activation', 'CID 217'),
  gradientWeightedClassActivation: dcm('130403', 'Gradient-weighted class activation', 'CID 217'),
  saliency: dcm('130404', 'Saliency', 'CID 217'),
  measurementMethod: sct('370129005', 'Measurement Method', 'CID 9000'),
  findingSite: sct('363698007', 'Finding Site', 'CID 9000'),
  laterality: sct('272741003', 'Laterality', 'CID 210'),
  topographicalModifier: sct('106233006', 'Topographical modifier', 'CID 210'),
  diameter: sct('81827009', 'Diameter', 'CID 7469'),
  volume: sct('118565006', 'Volume', 'CID 7472'),
  probability: dcm('122157', 'Probability', 'PS3.16 Annex D'),
  quantity: sct('246205007', 'Quantity', 'CID 9000'),
  millimetre: ucum('mm', 'mm'),
  cubicMillimetre: ucum('mm3', 'cubic millimeter'),
  noUnits: ucum('1', 'no units'),
  pixels: coded('{pixels}', 'UCUM', 'pixels', 'TID 1602'),

  // what was found, where, and what became of it
  aneurysm: sct('85659009', 'Aneurysm', 'CID 3810'),
  haemorrhage: sct('50960005', 'Hemorrhage', 'CID 7159'),
  cerebralArtery: sct('88556005', 'Cerebral artery', 'CID 4'),
  internalCarotidArtery: sct('86117002', 'Internal carotid artery', 'CID 4'),
  middleCerebralArtery: sct('17232002', 'Middle Cerebral Artery', 'CID 7151'),
  anteriorCommunicatingArtery: sct('8012006', 'Anterior communicating artery', 'CID 4'),
  anteriorCerebralArtery: sct('60176003', 'Anterior Cerebral Artery', 'CID 7151'),
  posteriorCommunicatingArtery: sct('43119007', 'Posterior communicating artery', 'CID 3604'),
  basilarArtery: sct('59011009', 'Basilar artery', 'CID 4'),
  distal: sct('46053002', 'Distal', 'CID 2'),
  infraclinoid: own('INFRACLINOID', 'Infraclinoid'),
  supraclinoid: own('SUPRACLINOID', 'Supraclinoid'),
  posteriorCirculation: own('POSTERIOR', 'Posterior circulation'),
  brain: sct('12738006', 'Brain', 'CID 4'),
  brainVentricle: sct('35764002', 'Brain ventricle', 'CID 7153'),
  subarachnoidSpace: sct('33930006', 'Cranial Subarachnoid Space', 'CID 7140'),
  duraMater: sct('18545000', 'Dura mater', 'CID 7153'),
  intracranial: sct('1101003', 'Intracranial', 'CID 4'),
  external: sct('261074009', 'External', 'CID 2'),
  internal: sct('260521003', 'Internal', 'CID 2'),
  left: sct('7771000', 'Left', 'CID 244'),
  right: sct('24028007', 'Right', 'CID 244'),
  morphologicallyAbnormalStructure: sct('49755003', 'Morphologically Abnormal Structure', 'CID 7150'),
  present: sct('52101004', 'Present', 'CID 240'),
  absent: sct('272519000', 'Absent', 'CID 240'),
  undetermined: sct('373068000', 'Undetermined', 'CID 240'),
  previousFinding: dcm('121069', 'Previous Finding', 'CID 7002'),
  previousReports: dcm('111549', 'Previous Reports', 'PS3.16 Annex D'),
  seriesInstanceUid: dcm('112002', 'Series Instance UID', 'CID 10001'),
  differenceInSize: sct('442714003', 'Difference in size', 'CID 6133'),
  increaseInSize: sct('15454001', 'Increase in size', 'CID 6134'),
  decreaseInSize: sct('19776001', 'Decrease in size', 'CID 6134'),
  noSignificantChange: sct('129723006', 'No significant changes in the finding', 'CID 6134'),

  // processing state
  processingSummary: dcm('111017', 'CAD Processing and Findings Summary', 'PS3.16 Annex D'),
  succeededWithoutFindings: dcm('111241', 'All algorithms succeeded; without findings', 'CID 6047'),
  succeededWithFindings: dcm('111242', 'All algorithms succeeded; with findings', 'CID 6047'),
  noneSucceeded: dcm('111245', 'No algorithms succeeded; without findings', 'CID 6047'),

  // images made from images
  sourceImageForProcessing: dcm('121322', 'Source image for image processing operation', 'CID 7202'),
  segmentation: dcm('113076', 'Segmentation', 'CID 7203'),
  spatialResampling: dcm('113085', 'Spatial resampling', 'CID 7203'),
} as const satisfies Readonly<Record<string, ListedConcept>>;

function coded(value: string, scheme: string, meaning: string, origin: Origin): ListedConcept {
  return { value, scheme, meaning, origin };
}
