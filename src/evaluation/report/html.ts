/** Text as it stands in HTML. */
export function escaped(text: string): string {
  return text.replace(/[&<>"']/g, (sign) => `&#${sign.charCodeAt(0)};`);
}

/** A table with its first column as row headings; cells are text, not markup. */
export function table(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const headings = head.map((cell) => `<th scope="col">${escaped(cell)}</th>`).join('');
  const body = rows
    .map(([first = '', ...cells]) => {
      const rest = cells.map((cell) => `<td>${escaped(cell)}</td>`).join('');
      return `<tr><th scope="row">${escaped(first)}</th>${rest}</tr>`;
    })
    .join('\n');
  return `<table><thead><tr>${headings}</tr></thead><tbody>\n${body}\n</tbody></table>`;
}

/** A figure with its caption; nothing where there is nothing to draw. */
export function figure(svg: string | null, caption: string): string {
  return svg === null ? '' : `<figure>${svg}<figcaption>${escaped(caption)}</figcaption></figure>`;
}

export function figures(...parts: readonly string[]): string {
  const drawn = parts.filter((part) => part !== '');
  return drawn.length === 0 ? '' : `<div class="figures">${drawn.join('\n')}</div>`;
}

/** A value with its digits; a dash where it has none. */
export function number(value: number | null | undefined, digits = 3): string {
  return value === null || value === undefined || !Number.isFinite(value) ? '–' : value.toFixed(digits);
}

/** "0.812 to 0.934"; a dash where there is none. */
export function range(
  interval: { readonly low: number; readonly high: number } | undefined,
  digits = 3,
): string {
  if (interval === undefined || !Number.isFinite(interval.low)) return '–';
  return `${number(interval.low, digits)} to ${number(interval.high, digits)}`;
}
