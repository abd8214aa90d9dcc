import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import opentype, { type Font, type Glyph } from 'opentype.js';

export type Weight = 'regular' | 'bold';

/**
 * Text as outlines: the same on every machine, whether it has fonts or not. Fonts: DejaVu, from the package that ships with the node.
 */
export function textPath(
  words: string,
  at: { x: number; y: number },
  style: { size: number; weight?: Weight; colour: string },
): string {
  const font = fontOf(style.weight ?? 'regular');
  let x = at.x;
  const outlines = [...words].map((character) => {
    const glyph = font.charToGlyph(character);
    const outline = glyph.getPath(x, at.y, style.size).toPathData(1);
    x += advance(glyph, font, style.size);
    return outline;
  });
  return `<path fill="${style.colour}" d="${outlines.join('')}"/>`;
}

export function textWidth(words: string, size: number, weight: Weight = 'regular'): number {
  const font = fontOf(weight);
  return [...words].reduce((sum, character) => sum + advance(font.charToGlyph(character), font, size), 0);
}

/** Glyph by glyph, without kerning and ligatures: the library's substitutions do not read this font's tables. */
function advance(glyph: Glyph, font: Font, size: number): number {
  return ((glyph.advanceWidth ?? 0) * size) / font.unitsPerEm;
}

/** Breaks words into lines no wider than `width`; a single word that is too wide is cut. */
export function wrap(words: string, width: number, size: number): readonly string[] {
  const lines: string[] = [];
  let line = '';
  for (const word of words.split(/\s+/)) {
    const longer = line === '' ? word : `${line} ${word}`;
    if (textWidth(longer, size) <= width) {
      line = longer;
      continue;
    }
    if (line !== '') lines.push(line);
    line = fit(word, width, size);
  }
  return line === '' ? lines : [...lines, line];
}

/** The words, cut with an ellipsis where they are wider than `width`. */
export function fit(words: string, width: number, size: number, weight: Weight = 'regular'): string {
  if (textWidth(words, size, weight) <= width) return words;
  let cut = words;
  while (cut.length > 1 && textWidth(`${cut}...`, size, weight) > width) cut = cut.slice(0, -1);
  return `${cut}...`;
}

const fonts = new Map<Weight, Font>();

function fontOf(weight: Weight): Font {
  const known = fonts.get(weight);
  if (known !== undefined) return known;
  const file = weight === 'bold' ? 'DejaVuSans-Bold.ttf' : 'DejaVuSans.ttf';
  const bytes = readFileSync(createRequire(import.meta.url).resolve(`dejavu-fonts-ttf/ttf/${file}`));
  const font = opentype.parse(bytes.buffer.slice(bytes.byteOffset, bytes.byteOffset + bytes.byteLength));
  fonts.set(weight, font);
  return font;
}
