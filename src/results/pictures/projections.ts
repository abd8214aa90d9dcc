import type { AneurysmFinding } from '../../findings/index.ts';
import { lpsToIndex, type Vector, type Volume } from '../../volume/index.ts';
import { dataUri, project, toGrey } from './grey.ts';
import { placeLabels } from './marks.ts';
import { textPath, textWidth } from './text.ts';

interface Box {
  readonly x: number;
  readonly y: number;
  readonly width: number;
}

const gap = 18;

/** Where a voxel of the grid falls on a panel, and what stands at the panel's borders. */
const views = [
  {
    along: 'z',
    title: 'Axial MIP',
    left: 'R',
    right: 'L',
    top: 'A',
    bottom: 'P',
    place: ([x, y]: Vector) => [x, y] as const,
  },
  {
    along: 'y',
    title: 'Coronal MIP',
    left: 'R',
    right: 'L',
    top: 'S',
    bottom: 'I',
    place: ([x, , z]: Vector, nz: number) => [x, nz - 1 - z] as const,
  },
  {
    along: 'x',
    title: 'Sagittal MIP',
    left: 'A',
    right: 'P',
    top: 'S',
    bottom: 'I',
    place: ([, y, z]: Vector, nz: number) => [y, nz - 1 - z] as const,
  },
] as const;

/** Three maximum intensity projections side by side, at one scale, with numbered marks on the findings. */
export async function projections(
  prepared: Volume,
  findings: readonly AneurysmFinding[],
  box: Box,
): Promise<{ svg: string; end: number }> {
  const panelWidth = (box.width - 2 * gap) / 3;
  const image = vesselsOnly(prepared);
  const [nx, ny, nz] = image.size;
  const scale = Math.min(panelWidth / Math.max(nx, ny), 560 / Math.max(ny, nz));
  const height = Math.max(ny, nz) * scale;
  const panels = await Promise.all(
    views.map(async (view, index) => {
      const { values, size } = project(image, view.along);
      const [width, tall] = [size[0] * scale, size[1] * scale];
      const x = box.x + index * (panelWidth + gap) + (panelWidth - width) / 2;
      const y = box.y + 26 + (height - tall) / 2;
      const uri = await dataUri(toGrey(values, size, { low: 0.1, high: 1 }));
      const marks = placeLabels(
        findings.map((finding) => {
          const [px, py] = view.place(lpsToIndex(image, finding.centreLpsMm), nz);
          return {
            x: x + (px + 0.5) * scale,
            y: y + (py + 0.5) * scale,
            radius: Math.max(9, (finding.maxDiameterMm / 2) * scale + 5),
          };
        }),
        { x, y, width, height: tall },
      );
      const head = textPath(
        view.title,
        { x: box.x + index * (panelWidth + gap), y: box.y + 16 },
        { size: 18, weight: 'bold', colour: '#b8b8b8' },
      );
      return `${head}<image x="${x}" y="${y}" width="${width}" height="${tall}" preserveAspectRatio="none" xlink:href="${uri}"/>${letters(view, { x, y, width, height: tall })}${marks}`;
    }),
  );
  return { svg: panels.join(''), end: box.y + 26 + height };
}

/** The outermost shell of the head is bright fat: in a projection it would hide the arteries, so it is faded out. */
function vesselsOnly(image: Volume): Volume {
  const [nx, ny] = image.size;
  const data = Float32Array.from(image.data);
  const depth = 14;
  const plane = nx * ny;
  for (let start = 0; start < data.length; start += plane) {
    for (let y = 0; y < ny; y += 1)
      fadeEnds(data, image.data, { start: start + y * nx, step: 1, count: nx, depth });
    for (let x = 0; x < nx; x += 1)
      fadeEnds(data, image.data, { start: start + x, step: nx, count: ny, depth });
  }
  return { ...image, data };
}

function fadeEnds(
  out: Float32Array,
  source: Float32Array,
  line: { start: number; step: number; count: number; depth: number },
): void {
  const { start, step, count, depth } = line;
  let first = 0;
  while (first < count && source[start + first * step]! === 0) first += 1;
  let last = count - 1;
  while (last > first && source[start + last * step]! === 0) last -= 1;
  if (last - first < 4 * depth) return;
  for (let index = 0; index < depth; index += 1) {
    out[start + (first + index) * step] = 0;
    out[start + (last - index) * step] = 0;
  }
}

function letters(
  view: { left: string; right: string; top: string; bottom: string },
  box: { x: number; y: number; width: number; height: number },
): string {
  const style = { size: 16, weight: 'bold', colour: '#F0E442' } as const;
  const middleX = box.x + box.width / 2;
  const middleY = box.y + box.height / 2 + 6;
  return [
    textPath(view.left, { x: box.x + 4, y: middleY }, style),
    textPath(view.right, { x: box.x + box.width - textWidth(view.right, 16, 'bold') - 4, y: middleY }, style),
    textPath(view.top, { x: middleX - 6, y: box.y + 17 }, style),
    textPath(view.bottom, { x: middleX - 6, y: box.y + box.height - 5 }, style),
  ].join('');
}
