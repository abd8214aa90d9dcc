import type { Field } from './interpolate.ts';
import { isNegligible, NormalEquations } from './normal-equations.ts';
import { moved, type Points } from './points.ts';
import { followedBy, type RigidTransform } from './rigid.ts';

export interface Fitted {
  readonly transform: RigidTransform;
  /** 0 where every point lies on the target, 1 where none is within reach. */
  readonly cost: number;
}

/** What a point outside the target's grid costs: it says nothing, but a move that takes all of them out must not win. */
const outsideCost = 0.6;

/**
 * Draws points to where `distances` is 0, those within about `reachMm` first and most: least squares, reweighted after Geman and
 * McClure, so that arteries that only one of the scans shows do not pull. The best move met on the way is returned.
 */
export function fitDistances(
  points: Points,
  distances: Field,
  start: RigidTransform,
  how: { readonly reachMm: number; readonly iterations: number },
): Fitted {
  let transform = start;
  let best: Fitted = { transform, cost: Infinity };
  for (let iteration = 0; iteration < how.iterations; iteration += 1) {
    const there = moved(points, transform);
    const equations = new NormalEquations(there.middle);
    const cost = gather(there, distances, how.reachMm, equations);
    if (cost < best.cost) best = { transform, cost };
    const step = equations.solve();
    if (step === null || isNegligible(step)) break;
    transform = followedBy(transform, step);
  }
  return best;
}

function gather({ lpsMm }: Points, distances: Field, reachMm: number, equations: NormalEquations): number {
  let cost = 0;
  for (let index = 0; index < lpsMm.length; index += 3) {
    const place = lpsMm.subarray(index, index + 3);
    const mm = distances.at(place);
    if (Number.isNaN(mm)) {
      cost += outsideCost;
      continue;
    }
    const share = (mm / reachMm) ** 2;
    cost += share / (1 + share);
    if (mm > 0) equations.add(place, distances.slope, mm, 1 / (1 + share) ** 2);
  }
  return cost / (lpsMm.length / 3);
}
