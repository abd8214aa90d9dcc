/** A word of 16 bits as the standard writes statuses and tags, e.g. "A700". */
export function hexWord(value: number): string {
  return value.toString(16).padStart(4, '0').toUpperCase();
}
