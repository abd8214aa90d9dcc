/** The one error class of the project: a stable code (docs/errors.md lists each), a cause, and whether trying again can help. */
export class WillisError extends Error {
  readonly code: string;
  readonly retry: 'later' | 'never';

  constructor(code: string, message: string, options: { cause?: unknown; retry?: 'later' | 'never' } = {}) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    this.name = 'WillisError';
    this.code = code;
    this.retry = options.retry ?? 'never';
  }
}

/** Turns anything thrown into one line a person can read. */
export function describeError(error: unknown): string {
  if (error instanceof WillisError) return `${error.code}: ${error.message}`;
  return error instanceof Error ? error.message : String(error);
}
