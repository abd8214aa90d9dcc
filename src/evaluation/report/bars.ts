import type { Group } from '../detection-figures.ts';
import type { ReaderStudy } from '../ratings.ts';
import { draw, ink, Plot, unitScale, wide } from './plot.ts';

/** A line of a figure that shows values with their intervals, one below the other. */
export interface IntervalRow {
  readonly name: string;
  readonly value: number;
  readonly low: number;
  readonly high: number;
  readonly note: string;
}

/** Values between 0 and 1 with their 95 % intervals, in the order given. */
export function intervalFigure(rows: readonly IntervalRow[], label: string): string {
  const longest = Math.max(...rows.map(({ name }) => name.length));
  return draw({
    width: Math.max(wide, 300 + 7 * longest),
    height: 70 + 30 * rows.length,
    marginLeft: 24 + 7 * longest,
    marginRight: 76,
    x: unitScale(`${label} →`),
    y: { domain: rows.map(({ name }) => name), label: null, tickSize: 0 },
    marks: [
      Plot.ruleY(rows, {
        x1: 'low',
        x2: 'high',
        y: 'name',
        stroke: ink.model,
        strokeWidth: 2,
        strokeOpacity: 0.6,
      }),
      Plot.dot(rows, { x: 'value', y: 'name', fill: ink.model, r: 5 }),
      Plot.text(rows, { ...{ x: 1, y: 'name', text: 'note' }, ...{ dx: 10, textAnchor: 'start' } } as never),
    ],
  });
}

/** Sensitivity of groups of aneurysms. */
export function groupFigure(groups: readonly Group[]): string {
  const rows = groups.map(({ name, detected, lesions, low, high }) => ({
    ...{ name, low, high, value: detected / lesions },
    note: `${detected} of ${lesions}`,
  }));
  return intervalFigure(rows, 'Sensitivity');
}

/** How often each distance (mm) occurred. */
export function distanceFigure(errorsMm: readonly number[]): string {
  const end = Math.max(3, Math.ceil(Math.max(...errorsMm)));
  const thresholds = Array.from({ length: end * 4 + 1 }, (_, index) => index / 4);
  return draw({
    height: 260,
    x: { domain: [0, end], label: 'Distance from the true centre, mm →' },
    y: { label: '↑ Findings', grid: true, ticks: 4 },
    marks: [
      Plot.rectY(
        errorsMm,
        Plot.binX(
          { y: 'count' },
          {
            ...{ x: (mm: number) => mm, thresholds, fill: ink.model, insetLeft: 0.5, insetRight: 0.5 },
          },
        ),
      ),
      Plot.ruleY([0]),
    ],
  });
}

/** One dot a case, the mean as a line; values between 0 and 1. */
export function stripFigure(
  rows: readonly { readonly name: string; readonly values: readonly number[] }[],
): string {
  const dots = rows.flatMap(({ name, values }) => values.map((value) => ({ name, value })));
  const means = rows.map(({ name, values }) => ({
    name,
    value: values.reduce((sum, value) => sum + value, 0) / values.length,
  }));
  return draw({
    height: 70 + 40 * rows.length,
    marginLeft: 150,
    marginRight: 24,
    x: unitScale('Value, one dot a case, the line at the mean →'),
    y: { domain: rows.map(({ name }) => name), label: null, tickSize: 0 },
    marks: [
      Plot.dot(dots, { x: 'value', y: 'name', fill: ink.model, fillOpacity: 0.45, r: 4 }),
      Plot.tickX(means, { x: 'value', y: 'name', stroke: ink.other, strokeWidth: 3, inset: 6 }),
    ],
  });
}

/** Ratings 1 to 5 of each reader, as shares of all that the reader gave. */
export function likertFigure({ readers }: ReaderStudy): string {
  const shades = ['#b3501b', '#e5a47c', '#d9dce1', '#8db8db', '#0b5c9e'];
  const parts = readers.flatMap(({ reader, ratings }) =>
    ratings.counts.map((count, index) => ({
      reader,
      point: index + 1,
      count,
      share: count / ratings.ratings,
    })),
  );
  return draw({
    height: 90 + 44 * readers.length,
    marginLeft: 24 + 7 * Math.max(...readers.map(({ reader }) => reader.length)),
    x: { domain: [0, 1], label: 'Share of the ratings →', ticks: 5 },
    y: { domain: readers.map(({ reader }) => reader), label: null, tickSize: 0 },
    marks: [
      Plot.barX(
        parts,
        Plot.stackX({
          ...{ x: 'share', y: 'reader', order: 'point', inset: 1 },
          fill: (part: { readonly point: number }) => shades[part.point - 1]!,
        } as never),
      ),
      Plot.text(
        parts.filter((part) => part.count > 0),
        Plot.stackX({
          ...{ x: 'share', y: 'reader', order: 'point', fontWeight: 'bold' },
          text: (part: { readonly point: number; readonly count: number }) => `${part.point}: ${part.count}`,
          fill: (part: { readonly point: number }) =>
            part.point === 1 || part.point === 5 ? 'white' : '#222',
        } as never),
      ),
    ],
  });
}
