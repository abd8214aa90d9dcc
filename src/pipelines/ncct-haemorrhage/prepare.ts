import type { ManifestOf } from '../../inference/index.ts';
import { indexToLps, planeDistanceMm, type Volume } from '../../volume/index.ts';
import { skullOf, type Skull } from './skull.ts';

type Recipe = ManifestOf<'ncct-haemorrhage'>['preprocessing'];

/** What the slice networks see: slabs of the head from below upwards, each a square about the head's centre. */
export interface Prepared {
  /** HU, [slab][row][column], `pixels` squared a slab. */
  readonly hu: Float32Array;
  readonly pixels: number;
  readonly pitchMm: number;
  /** Distance between slabs. */
  readonly sliceSpacingMm: number;
  /** First and number of source z slices behind each slab; slices below the head belong to none. */
  readonly slabs: readonly { readonly first: number; readonly count: number }[];
  /** Grid of the first slab, one plane a source slice from there on. */
  readonly grid: Omit<Volume, 'data'>;
  /** Brain, or what is as dense, that the skull encloses and that is in no square. */
  readonly cutMl: number;
}

/**
 * Head part, slabs, centre and square as the manifest says, of a volume in LPS orientation; models/training does the same (golden
 * vectors). Pads, rests and what lies above the head count for these rules: where they would move the square off the brain, or
 * the head part up, the skull says where the head is.
 */
export function prepare(volume: Volume, recipe: Recipe): Prepared {
  const spacingMm = planeDistanceMm(volume);
  const skull = skullOf(volume);
  const first = firstSlice(volume, skull, recipe);
  const group =
    spacingMm < recipe.thinSlices.belowMm ? Math.max(1, Math.round(recipe.thinSlices.slabMm / spacingMm)) : 1;
  const slabs = slabsOf(volume, first, group);
  const bySlabs = centreOf(slabs, volume, recipe.centre.hu);
  const isOff = skull !== null && cutMl(skull, volume, { centre: bySlabs, first, recipe }) > mostCutMl;
  const centre = isOff ? skull.middle : bySlabs;
  const { pixels } = recipe;
  const pitchMm = recipe.fieldMm / pixels;
  const across = taps(volume.size[0], { centre: centre[0], spacingMm: volume.spacingMm[0] }, recipe);
  const down = taps(volume.size[1], { centre: centre[1], spacingMm: volume.spacingMm[1] }, recipe);
  const hu = new Float32Array(slabs.length * pixels * pixels);
  for (const [index, slab] of slabs.entries())
    square(hu.subarray(index * pixels * pixels), slab.data, {
      ...{ across, down, columns: volume.size[0], outsideHu: recipe.outsideHu },
    });
  return {
    hu,
    pixels,
    pitchMm,
    sliceSpacingMm: spacingMm * group,
    slabs: slabs.map(({ first: from, count }) => ({ first: from, count })),
    grid: gridOf(volume, { first, centre, pixels, pitchMm }),
    cutMl: skull === null ? 0 : cutMl(skull, volume, { centre, first, recipe }),
  };
}

/** Partial volume at the vault, and the root of the nose, make some tenths of a millilitre. */
export const mostCutMl = 2;
/** Scalp and hair lie above the skull, and slices are thick: the head part may begin so much above the vertex of the skull. */
const aboveVertexMm = 20;

/** By tissue, as in training; by the skull where tissue that is no head made the head part begin above it. */
function firstSlice(volume: Volume, skull: Skull | null, { headPart }: Recipe): number {
  const spacingMm = planeDistanceMm(volume);
  const byTissue = firstHeadSlice(volume, spacingMm, headPart);
  if (skull === null) return byTissue;
  const readMm = (skull.vertexSlice - byTissue) * spacingMm;
  if (readMm >= headPart.extentMm - aboveVertexMm) return byTissue;
  return Math.min(byTissue, Math.max(0, skull.vertexSlice - Math.floor(headPart.extentMm / spacingMm)));
}

function cutMl(
  { brain, millilitresEach }: Skull,
  { spacingMm: [dx, dy] }: Volume,
  { centre, first, recipe }: { centre: readonly [number, number]; first: number; recipe: Recipe },
): number {
  const half = recipe.fieldMm / 2;
  const cut = brain.filter(
    ([column, row, slice]) =>
      slice < first || Math.abs(column - centre[0]) * dx > half || Math.abs(row - centre[1]) * dy > half,
  );
  return cut.length * millilitresEach;
}

/** Of a series that goes on below the head: the lowest slice that still counts, `extentMm` under the highest one with enough tissue. */
function firstHeadSlice(
  { data, size, spacingMm: [dx, dy] }: Volume,
  spacingMm: number,
  { hu, smallestSliceMm2, extentMm }: Recipe['headPart'],
): number {
  const plane = size[0] * size[1];
  for (let slice = size[2] - 1; slice >= 0; slice -= 1) {
    let dense = 0;
    for (let index = slice * plane; index < (slice + 1) * plane; index += 1)
      if (data[index]! > hu) dense += 1;
    if (dense * dx * dy >= smallestSliceMm2) return Math.max(0, slice - Math.floor(extentMm / spacingMm));
  }
  return 0;
}

interface Slab {
  readonly first: number;
  readonly count: number;
  readonly data: Float32Array;
}

/** Means of `group` neighbouring slices; the last slab may have fewer. */
function slabsOf({ data, size }: Volume, first: number, group: number): readonly Slab[] {
  const plane = size[0] * size[1];
  const slabs: Slab[] = [];
  for (let from = first; from < size[2]; from += group) {
    const count = Math.min(group, size[2] - from);
    if (count === 1) {
      slabs.push({ first: from, count, data: data.subarray(from * plane, (from + 1) * plane) });
      continue;
    }
    const mean = new Float32Array(plane);
    for (let slice = from; slice < from + count; slice += 1)
      for (let index = 0; index < plane; index += 1) mean[index]! += data[slice * plane + index]! / count;
    slabs.push({ first: from, count, data: mean });
  }
  return slabs;
}

/** Mean column and row of everything denser than `hu`, over all slabs. */
function centreOf(slabs: readonly Slab[], { size: [nx] }: Volume, hu: number): readonly [number, number] {
  let count = 0;
  let columns = 0;
  let rows = 0;
  for (const { data } of slabs) {
    for (let index = 0; index < data.length; index += 1) {
      if (data[index]! <= hu) continue;
      count += 1;
      columns += index % nx;
      rows += Math.floor(index / nx);
    }
  }
  return [columns / Math.max(1, count), rows / Math.max(1, count)];
}

/** Linear interpolation at `samplesPerAxis` places of each target pixel, averaged: source places and shares, target by target. */
interface Taps {
  readonly perPixel: number;
  readonly source: Int32Array;
  readonly share: Float32Array;
}

function taps(count: number, at: { centre: number; spacingMm: number }, recipe: Recipe): Taps {
  const { pixels, samplesPerAxis, fieldMm } = recipe;
  const perPixel = 2 * samplesPerAxis;
  const source = new Int32Array(pixels * perPixel);
  const share = new Float32Array(pixels * perPixel);
  for (let pixel = 0; pixel < pixels; pixel += 1) {
    for (let part = 0; part < samplesPerAxis; part += 1) {
      const offset = (part + 0.5) / samplesPerAxis - 0.5;
      const mm = (pixel - (pixels - 1) / 2 + offset) * (fieldMm / pixels);
      const place = at.centre + mm / at.spacingMm;
      const low = Math.floor(place);
      for (const step of [0, 1]) {
        const index = pixel * perPixel + 2 * part + step;
        const inside = low + step >= 0 && low + step < count;
        source[index] = inside ? low + step : 0;
        share[index] = inside ? (step === 0 ? 1 - (place - low) : place - low) / samplesPerAxis : 0;
      }
    }
  }
  return { perPixel, source, share };
}

/** One slab on the square grid; what lies outside the source is `outsideHu`. */
function square(
  out: Float32Array,
  plane: Float32Array,
  { across, down, columns, outsideHu }: { across: Taps; down: Taps; columns: number; outsideHu: number },
): void {
  const pixels = across.source.length / across.perPixel;
  const row = new Float32Array(columns);
  for (let y = 0; y < pixels; y += 1) {
    row.fill(0);
    for (let tap = y * down.perPixel; tap < (y + 1) * down.perPixel; tap += 1) {
      const start = down.source[tap]! * columns;
      const share = down.share[tap]!;
      if (share === 0) continue;
      for (let x = 0; x < columns; x += 1) row[x]! += (plane[start + x]! - outsideHu) * share;
    }
    for (let x = 0; x < pixels; x += 1) {
      let value = outsideHu;
      for (let tap = x * across.perPixel; tap < (x + 1) * across.perPixel; tap += 1)
        value += row[across.source[tap]!]! * across.share[tap]!;
      out[y * pixels + x] = value;
    }
  }
}

function gridOf(
  volume: Volume,
  {
    first,
    centre,
    pixels,
    pitchMm,
  }: { first: number; centre: readonly [number, number]; pixels: number; pitchMm: number },
): Omit<Volume, 'data'> {
  const half = ((pixels - 1) / 2) * pitchMm;
  const corner = [
    centre[0] - half / volume.spacingMm[0],
    centre[1] - half / volume.spacingMm[1],
    first,
  ] as const;
  return {
    size: [pixels, pixels, volume.size[2] - first],
    spacingMm: [pitchMm, pitchMm, volume.spacingMm[2]],
    originLpsMm: indexToLps(volume, corner),
    directions: volume.directions,
  };
}
