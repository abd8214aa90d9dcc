/** RGB, 8 bits, row by row. */
export interface ColourPicture {
  readonly width: number;
  readonly height: number;
  readonly rgb: Uint8Array;
}

/** Grey, 8 bits, 0 black, row by row. */
export interface GreyPicture {
  readonly width: number;
  readonly height: number;
  readonly grey: Uint8Array;
}

export type Picture = ColourPicture | GreyPicture;
