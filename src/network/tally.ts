import type { Command } from './command.ts';
import { success } from './storing.ts';
import type { MissingInstance } from './types.ts';

/** What became of the instances of one association. */
export class Tally {
  stored = 0;
  refused = 0;
  /** SOP Class by SOP Instance UID. */
  private readonly gone = new Map<string, string>();

  /** An instance was answered with `status`. */
  answered(command: Command, status: number): void {
    if (status !== success) {
      this.refused += 1;
      this.dropped(command);
      return;
    }
    this.stored += 1;
    this.gone.delete(command.affectedSopInstanceUid!);
  }

  /** An instance broke off midway. */
  dropped({ affectedSopInstanceUid, affectedSopClassUid }: Command): void {
    this.gone.set(affectedSopInstanceUid!, affectedSopClassUid!);
  }

  /** Those that did not come again. */
  get missing(): readonly MissingInstance[] {
    return [...this.gone].map(([sopInstanceUid, sopClassUid]) => ({ sopInstanceUid, sopClassUid }));
  }
}
