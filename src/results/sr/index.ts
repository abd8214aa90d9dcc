import type { CodedConcept } from '../../dicom/index.ts';
import { codes, encodeDataset, type Dataset } from '../../dicom/index.ts';
import type { Finding } from '../../findings/index.ts';
import {
  deviceUid,
  dicomDate,
  dicomTime,
  explicitVrLittleEndian,
  manufacturer,
  modelName,
  patientStudyEquipment,
  resultUid,
} from '../common.ts';
import type { ResultInput, ResultInstance } from '../types.ts';
import { code, container, image, number, point, text, uidReference } from './items.ts';

const comprehensive3dSrSopClass = '1.2.840.10008.5.1.4.1.1.88.34';

/** The findings as a Comprehensive 3D SR (PS3.3 A.35.13), TID 1500 Measurement Report (PS3.16). */
export function buildReport(input: ResultInput): ResultInstance {
  const sopInstanceUid = resultUid(input, 'sr', 'instance 1');
  const seriesInstanceUid = resultUid(input, 'sr', 'series');
  const { RelationshipType: _root, ...root } = container(
    'CONTAINS',
    codes.imagingMeasurementReport,
    content(input),
    '1500',
  );
  const dataset = encodeDataset({
    ...patientStudyEquipment(input),
    SOPClassUID: comprehensive3dSrSopClass,
    SOPInstanceUID: sopInstanceUid,
    SeriesInstanceUID: seriesInstanceUid,
    Modality: 'SR',
    SeriesNumber: 9903,
    SeriesDescription: 'Willis report',
    SeriesDate: dicomDate(input.createdAt),
    SeriesTime: dicomTime(input.createdAt),
    ReferencedPerformedProcedureStepSequence: [],
    InstanceNumber: 1,
    ContentDate: dicomDate(input.createdAt),
    ContentTime: dicomTime(input.createdAt),
    CompletionFlag: 'COMPLETE',
    VerificationFlag: 'UNVERIFIED',
    PreliminaryFlag: 'PRELIMINARY',
    PerformedProcedureCodeSequence: [],
    CurrentRequestedProcedureEvidenceSequence: [evidence(input)],
    PredecessorDocumentsSequence: predecessor(input),
    ...root,
  });
  return {
    kind: 'sr',
    sopClassUid: comprehensive3dSrSopClass,
    sopInstanceUid,
    seriesInstanceUid,
    transferSyntaxUid: explicitVrLittleEndian,
    dataset,
  };
}

/** TID 1500, row by row. */
function content(input: ResultInput): readonly Dataset[] {
  const modality = input.source.attributes.text('Modality');
  return [
    code('HAS CONCEPT MOD', codes.languageOfContent, codes.english),
    ...deviceObserver(input),
    code(
      'HAS CONCEPT MOD',
      codes.procedureReported,
      modality === 'CT' ? codes.ctUnspecified : codes.mriUnspecified,
    ),
    ...algorithm(input),
    imageLibrary(input),
    container(
      'CONTAINS',
      codes.imagingMeasurements,
      input.findings.findings.map((finding, index) => measurementGroup(input, finding, index + 1)),
    ),
    container('CONTAINS', codes.qualitativeEvaluations, evaluations(input)),
  ];
}

/** TID 1002 and 1004: the observer is a device, identified by its bundle. */
function deviceObserver(input: ResultInput): readonly Dataset[] {
  return [
    code('HAS OBS CONTEXT', codes.observerType, codes.device),
    uidReference('HAS OBS CONTEXT', codes.deviceObserverUid, deviceUid(input)),
    text('HAS OBS CONTEXT', codes.deviceObserverName, 'Willis'),
    text('HAS OBS CONTEXT', codes.deviceObserverManufacturer, manufacturer),
    text('HAS OBS CONTEXT', codes.deviceObserverModelName, modelName(input)),
  ];
}

/** TID 4019. */
function algorithm(input: ResultInput): readonly Dataset[] {
  return [
    text('HAS CONCEPT MOD', codes.algorithmName, input.card.id),
    text('HAS CONCEPT MOD', codes.algorithmVersion, input.card.version),
  ];
}

/** TID 1600, one group with every image that was looked at. */
function imageLibrary(input: ResultInput): Dataset {
  const images = input.source.sourceInstances.map((instance) =>
    image('CONTAINS', null, { ...instance, frameNumber: null }),
  );
  return container('CONTAINS', codes.imageLibrary, [container('CONTAINS', codes.imageLibraryGroup, images)]);
}

/** TID 1410: one aneurysm. */
function measurementGroup(input: ResultInput, finding: Finding, number_: number): Dataset {
  const frame = input.source.frames.find((one) => one.sopInstanceUid === finding.keySopInstanceUid)!;
  return container(
    'CONTAINS',
    codes.measurementGroup,
    [
      text('HAS OBS CONTEXT', codes.trackingIdentifier, `Aneurysm ${number_}`),
      uidReference(
        'HAS OBS CONTEXT',
        codes.trackingUniqueIdentifier,
        resultUid(input, 'sr', `aneurysm ${number_}`),
      ),
      code('CONTAINS', codes.finding, codes.aneurysm),
      code('HAS CONCEPT MOD', codes.findingSite, finding.site, side(finding)),
      image('CONTAINS', codes.sourceOfMeasurement, {
        sopClassUid: frame.sopClassUid,
        sopInstanceUid: finding.keySopInstanceUid,
        frameNumber: finding.keyFrameNumber,
      }),
      point(codes.imageRegion, finding.centreLpsMm, frame.frameOfReferenceUid),
      number(codes.diameter, finding.maxDiameterMm, codes.millimetre),
      number(codes.volume, finding.volumeMm3, codes.cubicMillimetre),
      number(codes.probability, finding.probability, codes.noUnits, algorithm(input)),
    ],
    '1410',
  );
}

function side(finding: Finding): readonly Dataset[] {
  if (finding.site.laterality === null) return [];
  return [code('HAS CONCEPT MOD', codes.laterality, codes[finding.site.laterality])];
}

/** What was and was not concluded, said in codes and in words: there is never silence (invariant 4). */
function evaluations(input: ResultInput): readonly Dataset[] {
  const { findings, card, identity } = input;
  const summary: Record<typeof findings.state, CodedConcept> = {
    findings: codes.succeededWithFindings,
    'no-findings': codes.succeededWithoutFindings,
    'not-analysed': codes.noneSucceeded,
  };
  const said = (words: string): Dataset => text('CONTAINS', codes.comment, words);
  return [
    code('CONTAINS', codes.processingSummary, summary[findings.state]),
    ...(findings.state === 'not-analysed'
      ? [
          said(
            `NOT ANALYSED. ${findings.reason.code}: ${ascii(findings.reason.text)} This is not a negative result.`,
          ),
        ]
      : [code('CONTAINS', codes.aneurysm, findings.state === 'findings' ? codes.present : codes.absent)]),
    said(`Completeness: ${identity.completeness}.`),
    said(`${card.intendedUse}. Trained on: ${card.training.data}`),
    ...card.limits.map((limit) => said(`Limit: ${limit}`)),
  ];
}

function evidence(input: ResultInput): Dataset {
  const { attributes, sourceInstances } = input.source;
  return {
    StudyInstanceUID: attributes.text('StudyInstanceUID') ?? '',
    ReferencedSeriesSequence: [
      {
        SeriesInstanceUID: input.findings.seriesInstanceUid,
        ReferencedSOPSequence: sourceInstances.map(({ sopClassUid, sopInstanceUid }) => ({
          ReferencedSOPClassUID: sopClassUid,
          ReferencedSOPInstanceUID: sopInstanceUid,
        })),
      },
    ],
  };
}

function predecessor(input: ResultInput): readonly Dataset[] | undefined {
  const { supersedes } = input.identity;
  if (supersedes === null) return undefined;
  const document = {
    ReferencedSOPClassUID: comprehensive3dSrSopClass,
    ReferencedSOPInstanceUID: supersedes.srSopInstanceUid,
  };
  return [
    {
      StudyInstanceUID: input.source.attributes.text('StudyInstanceUID') ?? '',
      ReferencedSeriesSequence: [
        { SeriesInstanceUID: supersedes.srSeriesInstanceUid, ReferencedSOPSequence: [document] },
      ],
    },
  ];
}

/** Reasons may quote what a scanner wrote; the report's own text stays ASCII. */
function ascii(words: string): string {
  return words.replace(/[^\x20-\x7E]/g, '?');
}
