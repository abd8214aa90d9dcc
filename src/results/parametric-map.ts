import { codes, encodeDataset, type Dataset } from '../dicom/index.ts';
import { sampleSlice, type Volume } from '../volume/index.ts';
import { codeItem, explicitVrLittleEndian, resultUid } from './common.ts';
import { derivedMultiFrame, dimensions, frameGroups, positionDimension } from './multi-frame.ts';
import { resultReference, type ImageReference } from './references.ts';
import type { ResultInput, ResultInstance } from './types.ts';

const parametricMapSopClass = '1.2.840.10008.5.1.4.1.1.30';

/** The probability of every source voxel as a float (PS3.3 A.75), a frame a source slice; it overlays its source exactly. */
export function buildParametricMap(input: ResultInput, volume: Volume, map: Volume): ResultInstance {
  const place = {
    kind: 'parametric-map',
    sopClassUid: parametricMapSopClass,
    modality: input.source.attributes.text('Modality') ?? 'OT',
    seriesNumber: 9907,
    description: 'Willis probability map',
  } as const;
  const imageType = ['DERIVED', 'PRIMARY', 'VOLUME', 'QUANTITY'];
  const frameCount = input.source.frames.length;
  const shared = derivedMultiFrame(input, volume, place);
  const [groups] = shared['SharedFunctionalGroupsSequence'] as readonly Dataset[];
  const dataset = encodeDataset({
    ...shared,
    ...dimensions(input, 'parametric-map', [positionDimension]),
    ImageType: imageType,
    ContentLabel: 'PROBABILITY',
    ContentDescription: `Probability, ${input.card.id}`.slice(0, 64),
    ContentQualification: input.card.training.synthetic ? 'RESEARCH' : 'SERVICE',
    PixelPresentation: 'MONOCHROME',
    AcquisitionContextSequence: [],
    BurnedInAnnotation: 'NO',
    RecognizableVisualFeatures: 'NO',
    PresentationLUTShape: 'IDENTITY',
    BitsAllocated: 32,
    NumberOfFrames: frameCount,
    SharedFunctionalGroupsSequence: [
      {
        ...groups,
        ParametricMapFrameTypeSequence: [{ FrameType: imageType }],
        FrameVOILUTSequence: [{ WindowCenter: '0.5', WindowWidth: '1', VOILUTFunction: 'LINEAR_EXACT' }],
        PixelValueTransformationSequence: [{ RescaleIntercept: '0', RescaleSlope: '1', RescaleType: 'US' }],
        RealWorldValueMappingSequence: [probabilityMapping],
      },
    ],
    PerFrameFunctionalGroupsSequence: input.source.frames.map((_, slice) =>
      frameGroups(input, slice, { code: codes.spatialResampling, dimensionIndex: [slice + 1] }),
    ),
    FloatPixelData: floatPixels(volume, map),
  });
  return {
    kind: 'parametric-map',
    sopClassUid: parametricMapSopClass,
    sopInstanceUid: resultUid(input, 'parametric-map', 'instance 1'),
    seriesInstanceUid: resultUid(input, 'parametric-map', 'series'),
    transferSyntaxUid: explicitVrLittleEndian,
    dataset,
  };
}

/** The frame of the map that lies on a source slice. */
export function parametricMapReference(input: ResultInput, slice: number): ImageReference {
  const object = resultReference(input, 'parametric-map', parametricMapSopClass, 'instance 1');
  return { ...object, frameNumber: slice + 1 };
}

/** Stored values are the probability itself (PS3.3 C.7.6.16.2.11). */
const probabilityMapping: Dataset = {
  LUTExplanation: 'Probability',
  LUTLabel: 'PROBABILITY',
  MeasurementUnitsCodeSequence: [codeItem(codes.noUnits)],
  DoubleFloatRealWorldValueFirstValueMapped: 0,
  DoubleFloatRealWorldValueLastValueMapped: 1,
  RealWorldValueIntercept: 0,
  RealWorldValueSlope: 1,
  QuantityDefinitionSequence: [
    {
      ValueType: 'CODE',
      ConceptNameCodeSequence: [codeItem(codes.quantity)],
      ConceptCodeSequence: [codeItem(codes.probability)],
    },
  ],
};

function floatPixels(volume: Volume, map: Volume): Uint8Array {
  const [columns, rows, slices] = volume.size;
  const pixels = new Float32Array(columns * rows * slices);
  for (let slice = 0; slice < slices; slice += 1)
    pixels.set(sampleSlice(map, volume, slice), slice * columns * rows);
  // Float32Array is little endian on every machine Node runs on that has ONNX Runtime
  return new Uint8Array(pixels.buffer);
}
