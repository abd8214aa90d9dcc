import * as Plot from '@observablehq/plot';
import { parseHTML } from 'linkedom';

export { Plot };

/** Colours that differ for every eye, and in grey: what the model does, what it is held against, and the rest. */
export const ink = { model: '#0b5c9e', other: '#c75000', quiet: '#8a8f98', fill: '#cfe0ee' } as const;

export const wide = 460;
const tall = 320;

/** An SVG figure as text; no browser takes part, and the same data give the same text. */
export function draw(options: Plot.PlotOptions): string {
  const { document } = parseHTML('<!doctype html><html><body></body></html>');
  const figure: unknown = Plot.plot({
    width: wide,
    height: tall,
    marginLeft: 56,
    marginBottom: 44,
    marginTop: 24,
    style: { fontSize: '12px', fontFamily: 'system-ui, sans-serif', background: 'none' },
    ...options,
    document: document,
  });
  return (figure as { readonly outerHTML: string }).outerHTML;
}

/** 0 to 1 with a grid, for both axes of a curve. */
export function unitScale(label: string): Plot.ScaleOptions {
  return { domain: [0, 1], label, grid: true, ticks: 5, nice: false };
}
