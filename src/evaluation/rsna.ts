import { auc } from './roc.ts';

/** Classes of RSNA 2019 in its order; `any` weighs twice. */
export const haemorrhageClasses = [
  'any',
  'epidural',
  'intraparenchymal',
  'intraventricular',
  'subarachnoid',
  'subdural',
] as const;
export type HaemorrhageClass = (typeof haemorrhageClasses)[number];

/** The 13 places of RSNA 2025, in the order of its tables. */
export const aneurysmLocations = [
  'Left Infraclinoid Internal Carotid Artery',
  'Right Infraclinoid Internal Carotid Artery',
  'Left Supraclinoid Internal Carotid Artery',
  'Right Supraclinoid Internal Carotid Artery',
  'Left Middle Cerebral Artery',
  'Right Middle Cerebral Artery',
  'Anterior Communicating Artery',
  'Left Anterior Cerebral Artery',
  'Right Anterior Cerebral Artery',
  'Left Posterior Communicating Artery',
  'Right Posterior Communicating Artery',
  'Basilar Tip',
  'Other Posterior Circulation',
] as const;
export type AneurysmLocation = (typeof aneurysmLocations)[number];

/** RSNA 2019: log loss a class, weighted 2 for `any` and 1 for each subtype, divided by 7; rows in the order of the classes. */
export function haemorrhageLogLoss(
  truth: readonly (readonly boolean[])[],
  probabilities: readonly (readonly number[])[],
): number {
  const weights = [2, 1, 1, 1, 1, 1];
  let sum = 0;
  truth.forEach((row, place) =>
    row.forEach((positive, index) => {
      const p = Math.min(1 - 1e-15, Math.max(1e-15, probabilities[place]![index]!));
      sum -= (weights[index]! * Math.log(positive ? p : 1 - p)) / 7;
    }),
  );
  return sum / truth.length;
}

export interface Scored {
  readonly truth: readonly boolean[];
  readonly scores: readonly number[];
}

/** RSNA 2025: half the AUC of presence, half the mean AUC of the 13 places. NaN where a place is missing in the truth, as there. */
export function aneurysmScore(present: Scored, locations: readonly Scored[]): number {
  const areas = locations.map(({ truth, scores }) => auc(truth, scores));
  const meanArea = areas.reduce((sum, area) => sum + area, 0) / areas.length;
  return 0.5 * (auc(present.truth, present.scores) + meanArea);
}
