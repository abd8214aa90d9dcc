/**
 * ICC(2,1): two-way random effects, absolute agreement, one rater (Shrout and Fleiss 1979); one row of ratings a subject, one
 * column a rater, none missing. NaN with fewer than two subjects or raters.
 */
export function intraclassCorrelation(ratings: readonly (readonly number[])[]): number {
  const n = ratings.length;
  const k = ratings[0]?.length ?? 0;
  if (n < 2 || k < 2) return NaN;
  const rowMeans = ratings.map(mean);
  const columnMeans = Array.from({ length: k }, (_, column) => mean(ratings.map((row) => row[column]!)));
  const grand = mean(rowMeans);
  const rows = (k * squares(rowMeans, grand)) / (n - 1);
  const columns = (n * squares(columnMeans, grand)) / (k - 1);
  let residual = 0;
  ratings.forEach((row, i) =>
    row.forEach((rating, j) => (residual += (rating - rowMeans[i]! - columnMeans[j]! + grand) ** 2)),
  );
  const error = residual / ((n - 1) * (k - 1));
  return (rows - error) / (rows + (k - 1) * error + (k * (columns - error)) / n);
}

export interface RatingSummary {
  readonly ratings: number;
  readonly mean: number;
  readonly standardDeviation: number;
  /** How often each of 1, 2, 3, 4, 5 was given. */
  readonly counts: readonly number[];
}

/** Mean, sample standard deviation and counts of 5-point ratings. */
export function summariseRatings(ratings: readonly number[]): RatingSummary {
  const middle = mean(ratings);
  return {
    ratings: ratings.length,
    mean: middle,
    standardDeviation: Math.sqrt(squares(ratings, middle) / (ratings.length - 1)),
    counts: [1, 2, 3, 4, 5].map((point) => ratings.filter((rating) => rating === point).length),
  };
}

function squares(values: readonly number[], about: number): number {
  return values.reduce((sum, value) => sum + (value - about) ** 2, 0);
}

function mean(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0) / values.length;
}
