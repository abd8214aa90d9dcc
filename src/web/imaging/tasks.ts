/** Work with pixels, which is kept off the thread that answers requests. */
export type ImagingTask =
  | { readonly kind: 'volume'; readonly paths: readonly string[] }
  | { readonly kind: 'frames'; readonly path: string; readonly frames: readonly number[] }
  | {
      readonly kind: 'picture';
      readonly path: string;
      readonly frame: number;
      readonly window: Window | null;
    };

/** VOI window (PS3.3 C.11.2.1.2). */
export interface Window {
  readonly center: number;
  readonly width: number;
}

/** Eight bits a sample, rows from the top. */
export interface GreyOrColour {
  readonly width: number;
  readonly height: number;
  readonly channels: 1 | 3;
  readonly data: Uint8Array;
}

export interface ImagingResults {
  /** A NIfTI-1 file. */
  readonly volume: Uint8Array;
  /** Decoded frames, little endian. */
  readonly frames: readonly Uint8Array[];
  readonly picture: GreyOrColour;
}
