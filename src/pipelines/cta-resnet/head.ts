import type { Reason } from '../../findings/index.ts';
import {
  dilated,
  eroded,
  labelComponents,
  resampleIsotropic,
  solid,
  type Volume,
} from '../../volume/index.ts';

/** The grid on which places are looked for: fine enough for 2.5 mm, coarse enough for seconds. */
const spacingMm = 0.8;
const tissueHu = -300;
/** Contrast-filled lumen is below, cortical bone above; dense lumen reaches 500. */
const boneHu = 600;
/** A calcified plaque is smaller, the parts of the skull are larger. */
const leastBoneMm3 = 300;
/** Unenhanced tissue and clotted blood are below (90 HU at most), enhanced veins and arteries above. */
const vesselHu = 150;
/** Circle of Willis and its branches hold 10 to 20 ml of blood; without contrast medium noise and calcium give far less. */
const leastVesselsMl = 2;
/** Nearer than this to the surface of the head are scalp and outer table. */
const scalpMm = 8;

/** A CT angiogram as the proposal stage sees it. */
export interface Head {
  /** HU on the isotropic grid, LPS orientation. */
  readonly volume: Volume;
  /** 1 inside the head, its cavities filled. */
  readonly inside: Uint8Array;
  /** 1 where skull is, calcified plaques not included. */
  readonly bone: Uint8Array;
  /** The head without its bone, 0..1 from 0 to 600 HU. */
  readonly vesselImage: Volume;
  /** Median HU of vessels deep inside the head: what arteries have. */
  readonly lumenHu: number;
  readonly vesselsMl: number;
}

export function lookAtHead(source: Volume): Head {
  const volume = resampleIsotropic(source, spacingMm);
  const { data, size } = volume;
  const inside = solid(
    Uint8Array.from(data, (hu) => (hu > tissueHu ? 1 : 0)),
    size,
  );
  const bone = boneOf(volume);
  const near = closed(bone, size);
  const image = new Float32Array(data.length);
  const vessels: number[] = [];
  let count = 0;
  for (let index = 0; index < data.length; index += 1) {
    const hu = data[index]!;
    if (inside[index] === 0) continue;
    image[index] = near[index] === 1 ? 0.1 : Math.max(0, Math.min(1, hu / boneHu));
    if (near[index] === 1 || hu < vesselHu || hu > boneHu) continue;
    count += 1;
    if (count % 7 === 0) vessels.push(hu);
  }
  vessels.sort((a, b) => a - b);
  return {
    volume,
    inside,
    bone,
    vesselImage: { ...volume, data: image },
    // partial volume at the walls is below the lumen: the upper quartile is lumen
    lumenHu: vessels[Math.floor(vessels.length * 0.75)] ?? 0,
    vesselsMl: (count * spacingMm ** 3) / 1000,
  };
}

/** A scan without contrast in its vessels, or with them removed, is no angiogram: nothing could be found in it. */
export function vesselsMissing({ vesselsMl, bone, volume }: Head, id: string): Reason | null {
  let boneVoxels = 0;
  for (const voxel of bone) boneVoxels += voxel;
  const boneMl = (boneVoxels * volume.spacingMm[0] ** 3) / 1000;
  if (vesselsMl >= leastVesselsMl && boneMl >= leastBoneMl) return null;
  const text = `${vesselsMl.toFixed(1)} ml of contrast-filled vessels and ${boneMl.toFixed(0)} ml of bone were found; ${id} needs ${leastVesselsMl} ml and ${leastBoneMl} ml. Was contrast medium given, or was bone removed?`;
  return { code: 'VESSELS_NOT_FOUND', text };
}

const leastBoneMl = 30;

/** Whether a voxel lies under scalp and outer table: the head goes on for `scalpMm` in every direction that the grid still has. */
export function isDeep({ volume, inside }: Head, [x, y, z]: readonly [number, number, number]): boolean {
  const [nx, ny, nz] = volume.size;
  const reach = Math.round(scalpMm / volume.spacingMm[0]);
  for (const [dx, dy, dz] of directions) {
    const length = Math.hypot(dx, dy, dz);
    const [i, j, k] = [dx, dy, dz].map((step, axis) =>
      Math.round([x, y, z][axis]! + (step * reach) / length),
    ) as [number, number, number];
    if (k < 0 || k >= nz) continue;
    if (i < 0 || j < 0 || i >= nx || j >= ny || inside[i + nx * (j + ny * k)] === 0) return false;
  }
  return true;
}

const directions = [-1, 0, 1].flatMap((dz) =>
  [-1, 0, 1].flatMap((dy) =>
    [-1, 0, 1].flatMap((dx) => (dx === 0 && dy === 0 && dz === 0 ? [] : [[dx, dy, dz] as const])),
  ),
);

function boneOf({ data, size }: Volume): Uint8Array {
  const dense = Uint8Array.from(data, (hu) => (hu > boneHu ? 1 : 0));
  const { labels, count } = labelComponents(dense, size, 26);
  const voxels = new Int32Array(count + 1);
  for (const label of labels) voxels[label]! += 1;
  const least = leastBoneMm3 / spacingMm ** 3;
  return Uint8Array.from(labels, (label) => (label > 0 && voxels[label]! >= least ? 1 : 0));
}

/** Bone with the marrow between its tables and two voxels of partial volume around it: grown by four voxels, shrunk by two. */
function closed(bone: Uint8Array, size: Volume['size']): Uint8Array {
  let mask = bone;
  for (let step = 0; step < 4; step += 1) mask = dilated(mask, size, 6);
  for (let step = 0; step < 2; step += 1) mask = eroded(mask, size, 6);
  return mask;
}
