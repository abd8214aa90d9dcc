import type { HaemorrhageSubtype } from '../../findings/index.ts';
import { haemorrhageClasses, type ManifestOf } from '../../inference/index.ts';
import { solid, type Vector, type Volume } from '../../volume/index.ts';
import type { PipelineMaps } from '../types.ts';
import type { Prepared } from './prepare.ts';
import type { Reading } from './read.ts';

const classes = haemorrhageClasses.length;
/** Air, and what lies outside the patient. */
const outsideHeadHu = -200;

/**
 * The explanation on the slices' own planes: Grad-CAM++ of each slice, scaled so that its strongest cell has the probability
 * that the sequence model gives the slice; the greatest of the six classes. A slice without positive evidence stays empty. Where
 * the bundle has it, the same of the sequence model: Grad-CAM of its own logit, in the slices it marks.
 */
export function explanationMaps(
  prepared: Prepared,
  reading: Reading,
  { explanation }: ManifestOf<'ncct-haemorrhage'>,
): PipelineMaps {
  const { cells } = explanation;
  const { sequenceMap } = reading;
  const perSlab = cells * cells;
  const head = headOf(prepared);
  const paint = (of: (slab: number) => Float32Array): Volume =>
    onSourceSlices(prepared, head, (slab) => enlarged(of(slab), cells, prepared.pixels));
  const anyAt = (slab: number): number => reading.probabilities[slab * classes]!;
  return {
    probability: paint((slab) => scaledMaps(reading.gradCamPlusPlus, reading, slab)),
    ...(sequenceMap === null ? {} : { sequence: paint((slab) => scaledMaps(sequenceMap, reading, slab)) }),
    patchProbability: paint((slab) => new Float32Array(perSlab).fill(anyAt(slab))),
    evidence: paint((slab) => mapOf(reading.evidence, slab, 0, perSlab)),
    explains: 'gradient-weighted-class-activation',
  };
}

/** The middle of the strongest cell of a subtype's map and its neighbours on a source z slice, as an index of `prepared.grid`; null where the map is empty. */
export function strongestPlace(
  prepared: Prepared,
  { gradCamPlusPlus }: Reading,
  at: { readonly subtype: HaemorrhageSubtype; readonly slice: number },
): Vector | null {
  const { slabs, pixels } = prepared;
  const slab = slabs.findIndex(({ first, count }) => at.slice >= first && at.slice < first + count);
  const perSlab = gradCamPlusPlus.length / (slabs.length * classes);
  const cells = Math.sqrt(perSlab);
  const map = mapOf(gradCamPlusPlus, slab, haemorrhageClasses.indexOf(at.subtype), perSlab);
  const top = map.reduce((best, value, index) => (value > map[best]! ? index : best), 0);
  if (!(map[top]! > 0)) return null;
  let total = 0;
  let column = 0;
  let row = 0;
  for (let index = 0; index < perSlab; index += 1) {
    const [x, y] = [index % cells, Math.floor(index / cells)];
    if (Math.abs(x - (top % cells)) > 1 || Math.abs(y - Math.floor(top / cells)) > 1) continue;
    total += map[index]!;
    column += x * map[index]!;
    row += y * map[index]!;
  }
  const toPixel = (cell: number): number => ((cell + 0.5) * pixels) / cells - 0.5;
  return [toPixel(column / total), toPixel(row / total), at.slice - slabs[0]!.first];
}

function scaledMaps(maps: Float32Array, { probabilities }: Reading, slab: number): Float32Array {
  const perSlab = maps.length / probabilities.length;
  const out = new Float32Array(perSlab);
  for (let place = 0; place < classes; place += 1) {
    const map = mapOf(maps, slab, place, perSlab);
    const top = map.reduce((best, value) => Math.max(best, value), 0);
    if (top <= 0) continue;
    const scale = probabilities[slab * classes + place]! / top;
    for (let cell = 0; cell < perSlab; cell += 1) out[cell] = Math.max(out[cell]!, map[cell]! * scale);
  }
  return out;
}

function mapOf(maps: Float32Array, slab: number, place: number, perSlab: number): Float32Array {
  const start = (slab * classes + place) * perSlab;
  return maps.subarray(start, start + perSlab);
}

/** Bilinear with half-pixel centres, the border repeated: what ONNX calls Resize linear, half_pixel. */
function enlarged(map: Float32Array, cells: number, pixels: number): Float32Array {
  const out = new Float32Array(pixels * pixels);
  const place = (pixel: number): number =>
    Math.min(cells - 1, Math.max(0, ((pixel + 0.5) * cells) / pixels - 0.5));
  for (let y = 0; y < pixels; y += 1) {
    const row = place(y);
    const top = Math.min(cells - 2, Math.floor(row));
    for (let x = 0; x < pixels; x += 1) {
      const column = place(x);
      const left = Math.min(cells - 2, Math.floor(column));
      const [a, b] = [row - top, column - left];
      const corner = top * cells + left;
      out[y * pixels + x] =
        (1 - a) * ((1 - b) * map[corner]! + b * map[corner + 1]!) +
        a * ((1 - b) * map[corner + cells]! + b * map[corner + cells + 1]!);
    }
  }
  return out;
}

/** 1 in the head, [slab][row][column]: the largest body, so that table and head rest are left, without the air in it. */
function headOf({ hu, pixels, slabs }: Prepared): Uint8Array {
  const dense = Uint8Array.from(hu, (value) => (value > outsideHeadHu ? 1 : 0));
  const body = solid(dense.slice(), [pixels, pixels, slabs.length]);
  return body.map((inside, index) => inside & dense[index]!);
}

/** One plane a source slice, each with the map of its slab, 0 outside the head. */
function onSourceSlices(
  { slabs, grid, pixels }: Prepared,
  head: Uint8Array,
  planeOf: (slab: number) => Float32Array,
): Volume {
  const plane = pixels * pixels;
  const data = new Float32Array(plane * grid.size[2]);
  for (const [slab, { first, count }] of slabs.entries()) {
    const map = planeOf(slab);
    for (let index = 0; index < plane; index += 1) if (head[slab * plane + index] === 0) map[index] = 0;
    for (let slice = first; slice < first + count; slice += 1)
      data.set(map, (slice - slabs[0]!.first) * plane);
  }
  return { ...grid, data };
}
