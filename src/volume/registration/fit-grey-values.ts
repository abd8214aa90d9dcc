import type { Volume } from '../types.ts';
import { fieldOf, type Field } from './interpolate.ts';
import { isNegligible, NormalEquations } from './normal-equations.ts';
import { moved, type Points } from './points.ts';
import { followedBy, type RigidTransform } from './rigid.ts';

const iterations = 30;

/**
 * Refines a move to parts of a voxel: grey values of `from` at the points, under the best gain and offset, against those of `to`
 * where the points come to lie; Gauss-Newton with Geman and McClure's weights, so that what changed between the scans does not
 * pull. Both volumes are smoothed alike.
 */
export function fitGreyValues(
  points: Points,
  { from, to }: { readonly from: Volume; readonly to: Volume },
  start: RigidTransform,
): RigidTransform {
  const own = valuesAt(points, from);
  const field = fieldOf(to);
  let transform = start;
  let best = { transform, cost: Infinity };
  for (let iteration = 0; iteration < iterations; iteration += 1) {
    const there = moved(points, transform);
    const residuals = residualsOf(own, valuesIn(there, field));
    const equations = new NormalEquations(there.middle);
    const cost = gather(there, field, residuals, equations);
    if (cost < best.cost) best = { transform, cost };
    const step = equations.solve();
    if (step === null || isNegligible(step)) break;
    transform = followedBy(transform, step);
  }
  return best.transform;
}

/** The volume's values at points of the patient, NaN outside its grid. */
export function valuesAt(points: Points, volume: Volume): Float64Array {
  return valuesIn(points, fieldOf(volume));
}

function valuesIn({ lpsMm }: Points, field: Field): Float64Array {
  const values = new Float64Array(lpsMm.length / 3);
  for (let index = 0; index < values.length; index += 1)
    values[index] = field.at(lpsMm.subarray(3 * index, 3 * index + 3));
  return values;
}

function residualsOf(own: Float64Array, seen: Float64Array): Float64Array {
  const { gain, offset } = fitLine(own, seen);
  return seen.map((value, index) => value - gain * own[index]! - offset);
}

/** Least squares of `to` on `from`, and Pearson's correlation; pairs with a NaN are left out. */
export function fitLine(
  from: Float64Array,
  to: Float64Array,
): { readonly gain: number; readonly offset: number; readonly correlation: number } {
  let [count, sumX, sumY, sumXX, sumXY, sumYY] = [0, 0, 0, 0, 0, 0];
  for (let index = 0; index < from.length; index += 1) {
    const x = from[index]!;
    const y = to[index]!;
    if (Number.isNaN(x) || Number.isNaN(y)) continue;
    count += 1;
    sumX += x;
    sumY += y;
    sumXX += x * x;
    sumXY += x * y;
    sumYY += y * y;
  }
  const varX = sumXX - (sumX * sumX) / count;
  const varY = sumYY - (sumY * sumY) / count;
  const shared = sumXY - (sumX * sumY) / count;
  if (!(varX > 0 && varY > 0)) return { gain: 1, offset: 0, correlation: 0 };
  const gain = shared / varX;
  return { gain, offset: (sumY - gain * sumX) / count, correlation: shared / Math.sqrt(varX * varY) };
}

function gather(
  { lpsMm }: Points,
  field: Field,
  residuals: Float64Array,
  equations: NormalEquations,
): number {
  const usual = usualSize(residuals);
  let cost = 0;
  for (let index = 0; index < residuals.length; index += 1) {
    const residual = residuals[index]!;
    if (Number.isNaN(residual)) {
      cost += 1;
      continue;
    }
    const share = (residual / usual) ** 2;
    cost += share / (1 + share);
    const place = lpsMm.subarray(3 * index, 3 * index + 3);
    field.at(place);
    equations.add(place, field.slope, residual, 1 / (1 + share) ** 2);
  }
  return (cost * usual) / residuals.length;
}

/** Three times the median size: what is larger changed, or is no longer in the field. */
function usualSize(residuals: Float64Array): number {
  const sizes = residuals
    .filter((one) => !Number.isNaN(one))
    .map(Math.abs)
    .sort();
  return Math.max(3 * (sizes[sizes.length >> 1] ?? 0), 1e-9);
}
