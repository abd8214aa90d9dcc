/**
 * Wait before the next try in ms: doubles from `firstMs` up to `longestMs`, times a random 0.75..1.25 so that many
 * jobs that failed together do not come back together. `attempt` counts from 1, `random` is 0..1.
 */
export function backoffMs(
  limits: { readonly firstMs: number; readonly longestMs: number },
  attempt: number,
  random: number,
): number {
  const doubled = limits.firstMs * 2 ** Math.min(attempt - 1, 30);
  return Math.round(Math.min(doubled, limits.longestMs) * (0.75 + random / 2));
}
