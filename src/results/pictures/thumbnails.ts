import type { AneurysmFinding } from '../../findings/index.ts';
import { lpsToIndex, toLpsOrientation, type Volume } from '../../volume/index.ts';
import { dataUri, toGrey, windowOf, type Window } from './grey.ts';
import { textPath, textWidth } from './text.ts';

const fieldMm = 60;
const perRow = 4;
const gap = 18;
const most = 8;

/** The slice through each finding, cropped to 60 mm around it, with a ring on it and a ruler. */
export async function thumbnails(
  source: Volume,
  findings: readonly AneurysmFinding[],
  box: { readonly x: number; readonly y: number; readonly width: number },
): Promise<{ svg: string; end: number }> {
  const volume = toLpsOrientation(source);
  const window = windowOf(volume.data);
  const side = (box.width - (perRow - 1) * gap) / perRow;
  const shown = findings.slice(0, most);
  const parts = await Promise.all(
    shown.map(async (finding, index) => {
      const x = box.x + (index % perRow) * (side + gap);
      const y = box.y + Math.floor(index / perRow) * (side + 44);
      return await thumbnail(volume, finding, { x, y, side, number: index + 1, window });
    }),
  );
  const rows = Math.ceil(shown.length / perRow);
  return { svg: parts.join(''), end: box.y + rows * (side + 44) - 18 };
}

async function thumbnail(
  volume: Volume,
  finding: AneurysmFinding,
  at: { x: number; y: number; side: number; number: number; window: Window },
): Promise<string> {
  const { x, y, side } = at;
  const centre = lpsToIndex(volume, finding.centreLpsMm);
  const crop = cropAround(volume, centre, at.window);
  const uri = await dataUri(crop);
  const perMm = side / fieldMm;
  const radius = Math.max(10, (finding.maxDiameterMm / 2) * perMm + 6);
  const middle = { x: x + side / 2, y: y + 26 + side / 2 };
  const ruler = 10 * perMm;
  const style = { size: 15, weight: 'bold', colour: '#ffffff' } as const;
  return `${textPath(`${at.number}: axial slice, 60 mm wide`, { x, y: y + 16 }, { size: 17, weight: 'bold', colour: '#b8b8b8' })}
    <image x="${x}" y="${y + 26}" width="${side}" height="${side}" preserveAspectRatio="none" xlink:href="${uri}"/>
    <circle cx="${middle.x}" cy="${middle.y}" r="${radius}" fill="none" stroke="#E69F00" stroke-width="2.2"/>
    <rect x="${x + 10}" y="${y + 26 + side - 14}" width="${ruler}" height="3" fill="#ffffff"/>
    ${textPath('10 mm', { x: x + 10, y: y + 26 + side - 20 }, style)}
    ${textPath('R', { x: x + 6, y: middle.y + 6 }, { ...style, colour: '#F0E442' })}
    ${textPath('L', { x: x + side - textWidth('L', 15, 'bold') - 6, y: middle.y + 6 }, { ...style, colour: '#F0E442' })}`;
}

/** A square of `fieldMm` around the centre on its nearest slice, nearest neighbour at four pixels a mm; black outside. */
function cropAround(
  volume: Volume,
  centre: readonly [number, number, number],
  window: Window,
): ReturnType<typeof toGrey> {
  const pixels = fieldMm * 4;
  const [nx, ny, nz] = volume.size;
  const k = Math.max(0, Math.min(nz - 1, Math.round(centre[2])));
  const values = new Float32Array(pixels * pixels).fill(window.low);
  for (let row = 0; row < pixels; row += 1) {
    const j = Math.round(centre[1] + ((row + 0.5) / 4 - fieldMm / 2) / volume.spacingMm[1]);
    if (j < 0 || j >= ny) continue;
    for (let column = 0; column < pixels; column += 1) {
      const i = Math.round(centre[0] + ((column + 0.5) / 4 - fieldMm / 2) / volume.spacingMm[0]);
      if (i >= 0 && i < nx) values[row * pixels + column] = volume.data[i + nx * (j + ny * k)]!;
    }
  }
  return toGrey(values, [pixels, pixels], window);
}
