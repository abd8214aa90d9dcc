/** The job that judges a series; enqueueing it again pushes its due time, which is the quiet period. */
export function assembleJob(
  seriesId: number,
  dueAt: number,
): { kind: string; queue: string; key: string; payload: { seriesId: number }; dueAt: number } {
  return { kind: 'assemble', queue: 'assemble', key: `assemble:${seriesId}`, payload: { seriesId }, dueAt };
}
