import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { WillisError } from '../errors.ts';

const program = fileURLToPath(new URL('./bundle-check-process.ts', import.meta.url));
const longestMs = 240_000;

/**
 * Loads an unknown bundle and runs its golden vectors in a process of its own: networks of a stranger may bring down whatever
 * opens them. Returns how far their probabilities are from the kit's. Throws BUNDLE_INVALID.
 */
export async function checkBundle(folder: string): Promise<number> {
  const child = promisify(execFile)(process.execPath, [program, folder], { timeout: longestMs });
  const { stdout } = await child.catch((error: unknown) => {
    throw refused(error as ChildFault);
  });
  return Number(stdout);
}

interface ChildFault {
  readonly killed?: boolean;
  readonly signal?: string | null;
  readonly stderr?: string;
}

/** The process tells what is wrong in the last line it prints; one that was killed told nothing. */
function refused({ killed, signal, stderr = '' }: ChildFault): WillisError {
  const told = stderr.trim().split('\n').at(-1) ?? '';
  const why =
    killed === true
      ? `its golden vectors were not done after ${longestMs / 1000} s`
      : typeof signal === 'string'
        ? `the process that opened its networks ended with ${signal}`
        : told.replace(/^[A-Z_]+: /, '').replaceAll(/\/(?:[^\s/:"]+\/)+/g, '');
  return new WillisError('BUNDLE_INVALID', `The bundle was refused: ${why}`);
}
