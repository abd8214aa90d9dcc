import { hatchedFrom, heatColours, overlayFrom } from './colour.ts';
import { rect, text, textAround, textBefore, type Box, type Item, type TextStyle } from './drawing.ts';
import type { ColourPicture } from './picture.ts';

/** Colour bar from 0 to 1 with what it means over it; `box` is the bar. */
export function heatBar(box: Box, title: string, style: TextStyle): readonly Item[] {
  const y = box.y - style.size * 0.4;
  return [
    rect({ x: box.x - 1, y: box.y - 1, width: box.width + 2, height: box.height + 2 }, style.colour),
    { kind: 'image', ...box, picture: heatPicture },
    text('0', { x: box.x, y }, style),
    textAround(title, { x: box.x + box.width / 2, y }, style),
    textBefore('1', { x: box.x + box.width, y }, style),
  ];
}

/** What contour and hatching of an overlay without colour mean. */
export function patternWords(say: (values: { contour: string; hatched: string }) => string): string {
  return say({ contour: overlayFrom.toFixed(1), hatched: hatchedFrom.toFixed(1) });
}

const heatPicture: ColourPicture = { width: 256, height: 1, rgb: heatColours };
