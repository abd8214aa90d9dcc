import type { Picture } from './picture.ts';
import { textWidth, type Weight } from './text.ts';

/** A page as a list of what is on it; svg.ts makes pixels of it, pdf-page.ts a page of a document. Units: pixels, y downwards. */
export interface Drawing {
  readonly width: number;
  readonly height: number;
  readonly background: string;
  readonly items: readonly Item[];
}

export type Item = TextItem | ImageItem | RectItem | CircleItem | PathItem;

export interface TextItem {
  readonly kind: 'text';
  readonly words: string;
  readonly x: number;
  /** Baseline. */
  readonly y: number;
  readonly style: TextStyle;
}

export interface TextStyle {
  readonly size: number;
  readonly colour: string;
  readonly weight?: Weight;
  /** A rim that keeps the words readable on a picture. */
  readonly halo?: string;
}

export interface Box {
  readonly x: number;
  readonly y: number;
  readonly width: number;
  readonly height: number;
}

export interface ImageItem extends Box {
  readonly kind: 'image';
  readonly picture: Picture;
}

export interface Line {
  readonly colour: string;
  readonly width: number;
  readonly dashed?: boolean;
}

export interface RectItem extends Box {
  readonly kind: 'rect';
  readonly fill: string;
}

export interface CircleItem {
  readonly kind: 'circle';
  readonly x: number;
  readonly y: number;
  readonly radius: number;
  readonly line: Line;
}

/** Straight pieces from point to point, closed and filled where `fill` is given. */
export interface PathItem {
  readonly kind: 'path';
  readonly points: readonly (readonly [number, number])[];
  readonly closed?: boolean;
  readonly fill?: string;
  readonly line?: Line;
}

/** Part of a page that grows downwards: what it draws, and where it ends. */
export interface Part {
  readonly items: readonly Item[];
  readonly end: number;
}

export function text(words: string, at: { x: number; y: number }, style: TextStyle): TextItem {
  return { kind: 'text', words, x: at.x, y: at.y, style };
}

/** Words that end at `x`. */
export function textBefore(words: string, at: { x: number; y: number }, style: TextStyle): TextItem {
  return text(words, { x: at.x - textWidth(words, style.size, style.weight), y: at.y }, style);
}

/** Words with their middle at `x`. */
export function textAround(words: string, at: { x: number; y: number }, style: TextStyle): TextItem {
  return text(words, { x: at.x - textWidth(words, style.size, style.weight) / 2, y: at.y }, style);
}

export function rect(box: Box, fill: string): RectItem {
  return { kind: 'rect', ...box, fill };
}

/** The room that words take: capitals and descenders of the font. */
export function textBox({ words, x, y, style }: TextItem): Box {
  const width = textWidth(words, style.size, style.weight);
  return { x, y: y - 0.77 * style.size, width, height: style.size };
}

export function overlaps(a: Box, b: Box): boolean {
  return a.x < b.x + b.width && b.x < a.x + a.width && a.y < b.y + b.height && b.y < a.y + a.height;
}

export function isInside(box: Box, frame: Box): boolean {
  return (
    box.x >= frame.x &&
    box.y >= frame.y &&
    box.x + box.width <= frame.x + frame.width &&
    box.y + box.height <= frame.y + frame.height
  );
}
