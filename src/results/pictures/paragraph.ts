import { text, type Part, type TextStyle } from './drawing.ts';

/** Lines one below the other; the first one's baseline at `y`. */
export function paragraph(
  lines: readonly string[],
  at: { readonly x: number; readonly y: number },
  style: TextStyle,
): Part {
  const items = lines.map((words, index) =>
    text(words, { x: at.x, y: at.y + index * leading(style) }, style),
  );
  return { items, end: at.y + Math.max(0, lines.length - 1) * leading(style) + 4 };
}

/** From one baseline to the next. */
export function leading({ size }: TextStyle): number {
  return Math.round(size * 1.45);
}
