import type { Dataset } from '../dicom/index.ts';
import { WillisError } from '../errors.ts';
import type { Picture } from './pictures/picture.ts';
import { instanceOf, pixelModule, type Placing } from './secondary-capture.ts';
import type { ResultInput, ResultInstance } from './types.ts';

export const multiFrameTrueColour = '1.2.840.10008.5.1.4.1.1.7.4';

/** A Multi-frame True Color Secondary Capture Image (PS3.3 A.8.5) of colour pictures of one size; `more` says how frames follow. */
export function multiFrameCapture(
  input: ResultInput,
  place: Placing,
  pictures: readonly Picture[],
  more: Dataset,
): ResultInstance {
  const [first, ...rest] = pictures;
  if (first === undefined)
    throw new WillisError('VALUE_NOT_ENCODABLE', `A multi-frame picture (${place.kind}) needs a frame.`);
  return instanceOf(input, place, multiFrameTrueColour, {
    ConversionType: 'WSD',
    ImageType: ['DERIVED', 'SECONDARY'],
    BurnedInAnnotation: 'NO',
    PatientOrientation: '',
    LossyImageCompression: '00',
    NumberOfFrames: pictures.length,
    ...pixelModule(first, ...rest),
    ...more,
  });
}
