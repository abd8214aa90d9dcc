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

/** Those that we also write, without loss. */
export type LosslessFamily = 'rle' | 'jpeg-ls' | 'jpeg-2000';

let ready: Promise<void> | undefined;

/** Decodes one frame with the codec library (WASM). Throws what the codec throws. */
export async function decodeNative(family: Family, frame: EncodedFrame): Promise<Uint8Array> {
  return await withCodecs(() => {
    const context = new Context({ ...layoutOf(frame), encodedBuffer: frame.bytes });
    const decoded = decoders[family](context).getDecodedBuffer();
    if (decoded === undefined) throw new Error('the codec returned nothing');
    return decoded;
  });
}

/** Encodes one frame of plain pixels (samples interleaved) without loss. Throws what the codec throws. */
export async function encodeNative(family: LosslessFamily, frame: EncodedFrame): Promise<Uint8Array> {
  return await withCodecs(() => {
    const context = new Context({ ...layoutOf(frame), decodedBuffer: frame.bytes });
    const encoded = encoders[family](context).getEncodedBuffer();
    if (encoded === undefined) throw new Error('the codec returned nothing');
    return encoded;
  });
}

/**
 * A codec that throws leaves what it had allocated, or wrote over, in the memory of its module: some tens of corrupt frames later
 * sound ones fail. So a module is used until its first failure, and the frame is tried once more in a new one: it may be a victim.
 */
async function withCodecs<T>(work: () => T): Promise<T> {
  await loaded();
  try {
    return work();
  } catch {
    ready = undefined;
  }
  await loaded();
  try {
    return work();
  } catch (error) {
    ready = undefined;
    throw error;
  }
}

async function loaded(): Promise<void> {
  ready ??= NativeCodecs.initializeAsync({ logCodecsInfo: false, logCodecsTrace: false });
  await ready;
}

function layoutOf(frame: EncodedFrame): ConstructorParameters<typeof Context>[0] {
  return {
    width: frame.columns,
    height: frame.rows,
    bitsAllocated: frame.bitsAllocated,
    bitsStored: frame.bitsStored,
    samplesPerPixel: frame.samplesPerPixel,
    pixelRepresentation: frame.pixelRepresentation,
    planarConfiguration: 0,
    photometricInterpretation: frame.photometricInterpretation,
  };
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

const encoders: Readonly<Record<LosslessFamily, (context: CodecContext) => CodecContext>> = {
  rle: (context) => NativeCodecs.encodeRle(context),
  'jpeg-ls': (context) => NativeCodecs.encodeJpegLs(context, { lossy: false }),
  'jpeg-2000': (context) => NativeCodecs.encodeJpeg2000(context, { lossy: false }),
};
