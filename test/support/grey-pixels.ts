/** Image Pixel Module (PS3.3 C.7.6.3) of a slice as the scanners of the tests write it: 12 of 16 bits, unsigned. */
export function greyPixels(rows: number, columns: number): typeof form & { Rows: number; Columns: number } {
  return { Rows: rows, Columns: columns, ...form };
}

const form = {
  SamplesPerPixel: 1,
  PhotometricInterpretation: 'MONOCHROME2',
  BitsAllocated: 16,
  BitsStored: 12,
  HighBit: 11,
  PixelRepresentation: 0,
};
