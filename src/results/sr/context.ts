import type { AneurysmFinding } from '../../findings/index.ts';
import { codes, type Dataset } from '../../dicom/index.ts';
import { deviceUid, manufacturer, modelName, serialNumber } from '../common.ts';
import { sourceImage } from '../references.ts';
import type { ResultInput } from '../types.ts';
import { code, container, date, image, number, text, uidReference } from './items.ts';

/** TID 1204. */
export function language(): Dataset {
  return code('HAS CONCEPT MOD', codes.languageOfContent, codes.english);
}

/** TID 1002 and 1004: the observer is a device, identified by its bundle as its Contributing Equipment is. */
export function deviceObserver(input: ResultInput): readonly Dataset[] {
  return [
    code('HAS OBS CONTEXT', codes.observerType, codes.device),
    uidReference('HAS OBS CONTEXT', codes.deviceObserverUid, deviceUid(input)),
    text('HAS OBS CONTEXT', codes.deviceObserverName, 'Willis'),
    text('HAS OBS CONTEXT', codes.deviceObserverManufacturer, manufacturer),
    text('HAS OBS CONTEXT', codes.deviceObserverModelName, modelName(input)),
    text('HAS OBS CONTEXT', codes.deviceObserverSerialNumber, serialNumber(input)),
  ];
}

export function procedureReported(input: ResultInput): Dataset {
  const procedure = isCt(input) ? codes.ctUnspecified : codes.mriUnspecified;
  return code('HAS CONCEPT MOD', codes.procedureReported, procedure);
}

/** TID 4019; of a finding that another pipeline alone marked, that one's bundle. */
export function algorithm(input: ResultInput, finding?: AneurysmFinding): readonly Dataset[] {
  const marked = finding?.opinions?.find(({ probability }) => probability !== null)?.bundle;
  const { id, version } = marked ?? input.card;
  return [
    text('HAS CONCEPT MOD', codes.algorithmName, id),
    text('HAS CONCEPT MOD', codes.algorithmVersion, version),
    code('HAS CONCEPT MOD', codes.algorithmFamily, codes.artificialIntelligence),
    text('HAS CONCEPT MOD', codes.algorithmManufacturer, input.card.manufacturer),
  ];
}

/** TID 1600: one group with every image that was looked at and what they share (TID 1602, 1604). */
export function imageLibrary(input: ResultInput): Dataset {
  const images = input.source.sourceInstances.map((instance) =>
    image('CONTAINS', null, sourceImage(input, { ...instance, frameNumber: null })),
  );
  const group = container('CONTAINS', codes.imageLibraryGroup, [...shared(input), ...images]);
  return container('CONTAINS', codes.imageLibrary, [group]);
}

function shared(input: ResultInput): readonly Dataset[] {
  const { attributes } = input.source;
  const studyDate = /^\d{8}$/.exec(attributes.text('StudyDate') ?? '')?.[0];
  return [
    code('HAS ACQ CONTEXT', codes.modality, isCt(input) ? codes.computedTomography : codes.magneticResonance),
    code('HAS ACQ CONTEXT', codes.targetRegion, codes.head),
    ...(studyDate === undefined ? [] : [date('HAS ACQ CONTEXT', codes.studyDate, studyDate)]),
    ...grid(input),
  ];
}

/** Told only where the series was read as one volume: then every frame has it. */
function grid({ volume, source }: ResultInput): readonly Dataset[] {
  const frame = source.frames[0];
  if (volume === null || frame === undefined) return [];
  const { pixels, millimetre } = codes;
  const [columnSpacing, rowSpacing, spacing] = volume.spacingMm;
  const frameOfReference =
    frame.frameOfReferenceUid === ''
      ? []
      : [uidReference('HAS ACQ CONTEXT', codes.frameOfReferenceUid, frame.frameOfReferenceUid)];
  const told = [
    [codes.pixelDataRows, frame.rows, pixels],
    [codes.pixelDataColumns, frame.columns, pixels],
    [codes.horizontalPixelSpacing, columnSpacing, millimetre],
    [codes.verticalPixelSpacing, rowSpacing, millimetre],
    [codes.spacingBetweenSlices, spacing, millimetre],
  ] as const;
  return [
    ...frameOfReference,
    ...told.map(([name, value, unit]) => number('HAS ACQ CONTEXT', name, { value, unit })),
  ];
}

function isCt(input: ResultInput): boolean {
  return input.source.attributes.text('Modality') === 'CT';
}
