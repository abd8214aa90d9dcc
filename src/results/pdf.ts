import { codes } from '../dicom/index.ts';
import { codeItem } from './common.ts';
import { wordsIn } from './language/index.ts';
import { curvePage } from './pictures/curve-page.ts';
import type { Drawing } from './pictures/drawing.ts';
import { keyViewPage } from './pictures/key-view-page.ts';
import { paper } from './pictures/palette.ts';
import { withPatient } from './pictures/patient-strip.ts';
import { pdfDocument } from './pictures/pdf-document.ts';
import { sheetOf, type Sheet } from './pictures/sheet.ts';
import { summaryPages } from './pictures/summary-pages.ts';
import { instanceOf } from './secondary-capture.ts';
import type { ResultInput, ResultInstance } from './types.ts';

const encapsulatedPdf = '1.2.840.10008.5.1.4.1.1.104.1';

/** Summary, key views and curves as one document on paper (PS3.3 A.45.1); it names the patient, as paper leaves the PACS. */
export async function buildPdf(input: ResultInput): Promise<ResultInstance> {
  const sheet = sheetOf(input, wordsIn(input.language), paper);
  const drawn = documentPages(sheet);
  const pages = drawn.map((page, index) =>
    withPatient(sheet, page, { page: index + 1, pages: drawn.length }),
  );
  const title = sheet.words.say('documentTitle');
  const { createdAt, language = 'en' } = input;
  const bytes = await pdfDocument(pages, { title, language, createdAt });
  const place = {
    kind: 'pdf',
    instanceNumber: 1,
    seriesNumber: 9917,
    description: 'Willis document',
    modality: 'DOC',
  } as const;
  return instanceOf(input, place, encapsulatedPdf, {
    ConversionType: 'WSD',
    AcquisitionDateTime: '',
    BurnedInAnnotation: 'YES',
    SourceInstanceSequence: input.source.sourceInstances.map(({ sopClassUid, sopInstanceUid }) => ({
      ReferencedSOPClassUID: sopClassUid,
      ReferencedSOPInstanceUID: sopInstanceUid,
    })),
    DocumentTitle: 'Willis results',
    ConceptNameCodeSequence: [codeItem(codes.imagingMeasurementReport)],
    MIMETypeOfEncapsulatedDocument: 'application/pdf',
    EncapsulatedDocument: bytes,
    EncapsulatedDocumentLength: bytes.length,
  });
}

/** The pages of the document, before the patient's head is put on them. */
function documentPages(sheet: Sheet): readonly Drawing[] {
  const { output, volume } = sheet.input;
  const found = volume === null ? [] : sheet.places.filter(({ isFinding }) => isFinding);
  const curves = output?.sliceProbabilities ?? [];
  return [
    ...summaryPages(sheet),
    ...found.map((place) => keyViewPage(sheet, place, output?.maps?.probability ?? null)),
    ...(curves.length > 0 ? [curvePage(sheet, curves)] : []),
  ];
}
