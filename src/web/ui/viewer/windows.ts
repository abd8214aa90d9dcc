import type { Window } from './grid.ts';

export interface NamedWindow extends Window {
  readonly name: string;
}

/** Usual windows of head CT, Hounsfield units from black to white. */
const ofCt: readonly NamedWindow[] = [
  { name: 'Brain', low: 0, high: 80 },
  { name: 'Subdural', low: -33, high: 183 },
  { name: 'Stroke', low: 20, high: 60 },
  { name: 'Angiogram', low: -100, high: 600 },
  { name: 'Bone', low: -800, high: 2000 },
];

export function windowsOf(modality: string): readonly NamedWindow[] {
  return modality === 'CT' ? ofCt : [];
}

/** What a pipeline's findings are looked at in; null: as the node proposes from the values. */
export function firstWindow(modality: string, pipeline: string | null): NamedWindow | null {
  const name = pipeline === 'cta-resnet' ? 'Angiogram' : 'Brain';
  return windowsOf(modality).find((one) => one.name === name) ?? null;
}
