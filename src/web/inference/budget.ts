import { WillisError } from '../../errors.ts';

/** What an upload may still take, whether it comes as files or out of archives. */
export interface Budget {
  /** Throws UPLOAD_TOO_LARGE. */
  spend(bytes: number): void;
  /** A name of our own: those of the upload never touch the disk. Throws UPLOAD_TOO_LARGE. */
  nextName(): string;
}

export function openBudget(limits: { readonly bytes: number; readonly files: number }): Budget {
  let [bytes, files] = [0, 0];
  return {
    spend: (count) => {
      bytes += count;
      if (bytes > limits.bytes) throw tooLarge(`more than ${Math.round(limits.bytes / 1e6)} MB, unpacked`);
    },
    nextName: () => {
      files += 1;
      if (files > limits.files) throw tooLarge(`more than ${limits.files} files`);
      return `${String(files).padStart(6, '0')}.dcm`;
    },
  };
}

function tooLarge(why: string): WillisError {
  return new WillisError('UPLOAD_TOO_LARGE', `The upload is too large: ${why}. Send one series at a time.`);
}
