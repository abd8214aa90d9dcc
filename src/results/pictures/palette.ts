import type { SeriesFindings } from '../../findings/index.ts';

/** Colours of a page. Every meaning that a colour carries is carried by a shape or by words as well. */
export interface Palette {
  /** False where pixels must be grey: overlays are then told apart by contour and pattern. */
  readonly inColour: boolean;
  readonly background: string;
  readonly text: string;
  readonly muted: string;
  /** Behind and on pictures, which are dark on every kind of page. */
  readonly panel: string;
  readonly onPanel: string;
  readonly letters: string;
  /** Rings of findings. */
  readonly mark: string;
  /** Diamonds of places below the threshold. */
  readonly below: string;
  readonly state: Readonly<Record<SeriesFindings['state'], string>>;
}

/** Orange, blue and neutral of Okabe and Ito's set: told apart by colour-blind readers. */
export const screen: Palette = {
  inColour: true,
  background: '#000000',
  text: '#ffffff',
  muted: '#b8b8b8',
  panel: '#000000',
  onPanel: '#ffffff',
  letters: '#F0E442',
  mark: '#E69F00',
  below: '#56B4E9',
  state: { findings: '#E69F00', 'no-findings': '#56B4E9', 'not-analysed': '#dddddd' },
};

export const greyScreen: Palette = {
  ...screen,
  inColour: false,
  letters: '#ffffff',
  mark: '#ffffff',
  below: '#d0d0d0',
  state: { findings: '#ffffff', 'no-findings': '#a8a8a8', 'not-analysed': '#dddddd' },
};

export const paper: Palette = {
  ...screen,
  background: '#ffffff',
  text: '#000000',
  muted: '#444444',
};
