import type { Midsagittal } from '../../src/findings/index.ts';

/** Of a head that lies straight in straight images: the plane cuts the x axis of LPS at so many mm. */
export function straightAt(xMm: number): Midsagittal {
  const plane = { pointLpsMm: [xMm, 0, 0], leftLps: [1, 0, 0] } as const;
  return { ofImages: plane, ofHead: plane };
}
