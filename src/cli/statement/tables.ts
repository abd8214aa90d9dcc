/** A Markdown table. */
export function table(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const line = (cells: readonly string[]): string =>
    `| ${cells.map((cell) => cell.replaceAll('|', '\\|')).join(' | ')} |`;
  return [line(head), line(head.map(() => '---')), ...rows.map(line)].join('\n');
}

/** Blocks of a document, a blank line between. */
export function blocks(...parts: readonly string[]): string {
  return parts.join('\n\n');
}

export function bullets(...lines: readonly string[]): string {
  return lines.map((line) => `- ${line}`).join('\n');
}
