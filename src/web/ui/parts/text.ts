/** Words and numbers as a person reads them. */
export function timeText(ms: number | null): string {
  if (ms === null || ms === 0) return '';
  return new Date(ms).toLocaleString('sv-SE');
}

export function dateText(dicomDate: string): string {
  return /^\d{8}$/.test(dicomDate)
    ? `${dicomDate.slice(0, 4)}-${dicomDate.slice(4, 6)}-${dicomDate.slice(6)}`
    : dicomDate;
}

/** Components of a person name (PS3.5 6.2.1) as "Family, Given". */
export function nameText(personName: string): string {
  const [family = '', given = ''] = (personName.split('=')[0] ?? '').split('^');
  return [family, given].filter((part) => part !== '').join(', ') || '(no name)';
}

export function bytesText(bytes: number): string {
  const units = ['bytes', 'kB', 'MB', 'GB', 'TB'];
  const power = bytes < 1 ? 0 : Math.min(4, Math.floor(Math.log10(bytes) / 3));
  const value = bytes / 1000 ** power;
  return `${value >= 100 || power === 0 ? value.toFixed(0) : value.toFixed(1)} ${units[power]!}`;
}

export function secondsText(seconds: number): string {
  return seconds >= 120 ? `${(seconds / 60).toFixed(0)} min` : `${seconds.toFixed(1)} s`;
}

export function percentText(share: number): string {
  return `${(share * 100).toFixed(0)} %`;
}

/** A probability is never told as certain, one way or the other. */
export function probabilityText(probability: number): string {
  if (probability > 0.99) return '> 99 %';
  return probability < 0.01 ? '< 1 %' : percentText(probability);
}
