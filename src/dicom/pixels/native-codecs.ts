import codecs from 'dcmjs-codecs';

const { NativeCodecs, Context } = codecs;

/** Geometry and coding of one encoded frame. */
export interface EncodedFrame {
  readonly bytes: Uint8Array;
  readonly rows: number;
  readonly columns: number;
  readonly bitsAllocated: number;
  readonly bitsStored: number;
  readonly samplesPerPixel: number;
  readonly pixelRepresentation: number;
  readonly photometricInterpretation: string;
}

export type Family = 'rle' | 'jpeg' | 'jpeg-ls' | 'jpeg-2000' | 'htj2k' | 'jpeg-xl';

let ready: Promise<void> | undefined;

/** Decodes one frame with the codec library (WASM). Throws what the codec throws. */
export async function decodeNative(family: Family, frame: EncodedFrame): Promise<Uint8Array> {
  ready ??= NativeCodecs.initializeAsync({ logCodecsInfo: false, logCodecsTrace: false });
  await ready;
  const context = new Context({
    width: frame.columns,
    height: frame.rows,
    bitsAllocated: frame.bitsAllocated,
    bitsStored: frame.bitsStored,
    samplesPerPixel: frame.samplesPerPixel,
    pixelRepresentation: frame.pixelRepresentation,
    planarConfiguration: 0,
    photometricInterpretation: frame.photometricInterpretation,
    encodedBuffer: frame.bytes,
  });
  const decoded = decoders[family](context).getDecodedBuffer();
  if (decoded === undefined) throw new Error('the codec returned nothing');
  return decoded;
}

type CodecContext = InstanceType<typeof Context>;

const decoders: Readonly<Record<Family, (context: CodecContext) => CodecContext>> = {
  rle: (context) => NativeCodecs.decodeRle(context),
  jpeg: (context) => NativeCodecs.decodeJpeg(context),
  'jpeg-ls': (context) => NativeCodecs.decodeJpegLs(context),
  'jpeg-2000': (context) => NativeCodecs.decodeJpeg2000(context),
  htj2k: (context) => NativeCodecs.decodeHtJpeg2000(context),
  'jpeg-xl': (context) => NativeCodecs.decodeJpegXl(context),
};
