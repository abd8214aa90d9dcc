import type { Volume } from '../types.ts';
import { fitLine, valuesAt } from './fit-grey-values.ts';
import type { Arteries } from './index.ts';
import { moved, type Points } from './points.ts';
import { inverse, type RigidTransform } from './rigid.ts';

/** How well two vessel trees agree once the one is moved onto the other. */
export interface RegistrationQuality {
  /** Share of the earlier arteries, where the later images reach, that lie within 1.5 mm of a later one, 0..1; and the other way round: the lesser. */
  readonly agreement: number;
  /** Share of the arteries of the smaller field that lie inside the other field, 0..1. */
  readonly overlap: number;
  /** Correlation of the grey values in and about the arteries. */
  readonly correlation: number;
}

const nearMm = 1.5;
const least = { agreement: 0.6, overlap: 0.5, correlation: 0.5 };

/** Quality of a move and, where it is not good enough to measure by, why. */
export function judge(
  moving: Arteries,
  fixed: Arteries,
  toCurrent: RigidTransform,
): { readonly quality: RegistrationQuality; readonly why: string | null } {
  const there = onto(moving.many, fixed.distances, toCurrent);
  const back = onto(fixed.many, moving.distances, inverse(toCurrent));
  const seen = valuesAt(moved(moving.around, toCurrent), fixed.smooth);
  const quality = {
    agreement: Math.min(there.near, back.near),
    overlap: Math.max(there.inside, back.inside),
    correlation: fitLine(valuesAt(moving.around, moving.smooth), seen).correlation,
  };
  const short = (Object.keys(least) as (keyof typeof least)[]).filter(
    (part) => !(quality[part] >= least[part]),
  );
  if (short.length === 0) return { quality, why: null };
  const said = short.map(
    (part) => `${part} ${quality[part].toFixed(2)}, at least ${least[part]} is asked for`,
  );
  return { quality, why: `the arteries of both studies cannot be laid on each other (${said.join('; ')})` };
}

/** Of the points: how many come to lie inside the grid, and how many of those near the arteries there. */
function onto(
  points: Points,
  distances: Volume,
  transform: RigidTransform,
): { inside: number; near: number } {
  const values = valuesAt(moved(points, transform), distances);
  let inside = 0;
  let near = 0;
  for (const mm of values) {
    if (Number.isNaN(mm)) continue;
    inside += 1;
    if (mm <= nearMm) near += 1;
  }
  return { inside: inside / values.length, near: inside === 0 ? 0 : near / inside };
}
