import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import opentype, { type Font, type Glyph } from 'opentype.js';

export type Weight = 'regular' | 'bold';

/** Outlines of words as SVG path data: the same on every machine, whether it has fonts or not. */
export function textOutline(
  words: string,
  at: { readonly x: number; readonly y: number },
  size: number,
  weight: Weight = 'regular',
): string {
  const font = fontOf(weight);
  let x = at.x;
  const outlines = [...words].map((character) => {
    const glyph = font.charToGlyph(character);
    const outline = glyph.getPath(x, at.y, size).toPathData(1);
    x += advance(glyph, font, size);
    return outline;
  });
  return outlines.join('');
}

export function textWidth(words: string, size: number, weight: Weight = 'regular'): number {
  const font = fontOf(weight);
  return [...words].reduce((sum, character) => sum + advance(font.charToGlyph(character), font, size), 0);
}

/** Glyph by glyph, without kerning and ligatures: the library's substitutions do not read this font's tables. */
function advance(glyph: Glyph, font: Font, size: number): number {
  return ((glyph.advanceWidth ?? 0) * size) / font.unitsPerEm;
}

/** Breaks words into lines no wider than `width`; a single word that is too wide is broken where it must. */
export function wrap(
  words: string,
  width: number,
  size: number,
  weight: Weight = 'regular',
): readonly string[] {
  const lines: string[] = [];
  let line = '';
  for (const word of words.split(/[ \n]+/).flatMap((one) => pieces(one, width, size, weight))) {
    const longer = line === '' ? word : `${line} ${word}`;
    if (textWidth(longer, size, weight) <= width) {
      line = longer;
      continue;
    }
    lines.push(line);
    line = word;
  }
  return line === '' ? lines : [...lines, line];
}

/** Wrapped into at most `most` lines; an ellipsis says that more was there. */
export function wrapAtMost(
  words: string,
  most: number,
  { width, size, weight = 'regular' }: { width: number; size: number; weight?: Weight },
): readonly string[] {
  const lines = wrap(words, width, size, weight);
  if (lines.length <= most) return lines;
  return [...lines.slice(0, most - 1), fit(`${lines[most - 1]!}${ellipsis}`, width, size, weight)];
}

/** The words, cut with an ellipsis where they are wider than `width`. */
export function fit(words: string, width: number, size: number, weight: Weight = 'regular'): string {
  if (textWidth(words, size, weight) <= width) return words;
  const characters = [...words];
  while (characters.length > 0 && textWidth(characters.join('') + ellipsis, size, weight) > width)
    characters.pop();
  return characters.join('').trimEnd() + ellipsis;
}

/** The words in the largest size from `size` down to 15 that fits; cut only where even that is too wide. */
export function fitted(
  words: string,
  width: number,
  { size, weight = 'regular' }: { readonly size: number; readonly weight?: Weight },
): { readonly words: string; readonly size: number } {
  const smallest = Math.min(size, 15);
  let fitting = size;
  while (fitting > smallest && textWidth(words, fitting, weight) > width) fitting -= 1;
  return { words: fit(words, width, fitting, weight), size: fitting };
}

const ellipsis = '\u2026';

function pieces(word: string, width: number, size: number, weight: Weight): readonly string[] {
  if (textWidth(word, size, weight) <= width) return [word];
  const out: string[] = [];
  let piece = '';
  for (const character of word) {
    if (piece !== '' && textWidth(piece + character, size, weight) > width) {
      out.push(piece);
      piece = '';
    }
    piece += character;
  }
  return piece === '' ? out : [...out, piece];
}

/** Scripts whose letters must be joined or run from right to left, which glyph by glyph cannot show rightly. */
const shaped =
  /[\p{Script=Arabic}\p{Script=Hebrew}\p{Script=Syriac}\p{Script=Thaana}\p{Script=Devanagari}\p{Script=Bengali}\p{Script=Thai}\p{Mark}]/u;

/** What a device wrote, as it can be shown: one line, "?" for each character that the font does not have. */
export function printable(words: string): string {
  const font = fontOf('bold');
  return [...words.normalize('NFC')]
    .map((character) => {
      if (/\s/.test(character) && character !== '\u00a0') return ' ';
      const known = font.charToGlyphIndex(character) > 0 && !shaped.test(character);
      return known && !/\p{Cc}/u.test(character) ? character : '?';
    })
    .join('')
    .replace(/ +/g, ' ')
    .trim();
}

/** The font's own file, for documents that embed it. Fonts: DejaVu, from the package that ships with the node. */
export function fontFile(weight: Weight): Buffer {
  const file = weight === 'bold' ? 'DejaVuSans-Bold.ttf' : 'DejaVuSans.ttf';
  return readFileSync(createRequire(import.meta.url).resolve(`dejavu-fonts-ttf/ttf/${file}`));
}

const fonts = new Map<Weight, Font>();

function fontOf(weight: Weight): Font {
  const known = fonts.get(weight);
  if (known !== undefined) return known;
  const bytes = fontFile(weight);
  const font = opentype.parse(bytes.buffer.slice(bytes.byteOffset, bytes.byteOffset + bytes.byteLength));
  fonts.set(weight, font);
  return font;
}
