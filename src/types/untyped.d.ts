/** The parts we use of packages that bring no (or no usable) types. */
declare module 'dcmjs' {
  const dcmjs: {
    data: {
      DicomMetaDictionary: {
        dictionary: Record<string, { vr: string; name: string } | undefined>;
        nameMap: Record<string, { tag: string; vr: string; name: string } | undefined>;
      };
    };
    log: { setLevel(level: string): void };
  };
  export default dcmjs;
}

declare module 'dicom-character-set' {
  export function convertBytes(
    specificCharacterSet: string,
    bytes: Uint8Array,
    options?: { vr?: string },
  ): string;
}
