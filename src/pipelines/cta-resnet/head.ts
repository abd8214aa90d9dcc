import type { Reason } from '../../findings/index.ts';
import {
  dilated,
  distanceTransform,
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
const brainHu = 42;
/** What bone is replaced by: no edge against brain, and no vessel. */
const boneStandInHu = 60;
/** Circle of Willis and its branches hold 10 to 20 ml of blood; without contrast medium noise and calcium give far less. */
const leastVesselsMl = 2;
/** Beyond this distance from bone its blur is gone. */
const awayMm = 8;
const leastAway = 300;
const partialVolume = 1.2;
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
  /** Where places are looked for, 0..1 from 0 HU to the arteries' density; nothing is below brain, and bone is close to it. */
  readonly searched: Volume;
  /** HU of contrast-filled arteries, from vessels away from bone. */
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
  const image = data.map((hu, index) => {
    if (inside[index] === 0) return 0;
    return near[index] === 1 ? 0.1 : Math.max(0, Math.min(1, hu / boneHu));
  });
  let count = 0;
  for (let index = 0; index < data.length; index += 1)
    if (near[index] === 0 && isVessel(data[index]!, inside[index]!)) count += 1;
  const lumenHu = densityOfArteries({ volume, inside, bone });
  return {
    volume,
    inside,
    bone,
    vesselImage: { ...volume, data: image },
    searched: { ...volume, data: searchedImage({ volume, inside, bone, lumenHu }) },
    lumenHu,
    vesselsMl: (count * spacingMm ** 3) / 1000,
  };
}

function isVessel(hu: number, inside: number): boolean {
  return inside === 1 && hu >= vesselHu && hu <= boneHu;
}

/**
 * Blurred bone has the density of vessels for millimetres around it, and there is more of it than of vessels; a late bolus would be
 * taken for a dense one. So only vessels away from bone count, unless there are hardly any.
 */
function densityOfArteries({ volume, inside, bone }: Pick<Head, 'volume' | 'inside' | 'bone'>): number {
  const { data, size, spacingMm: step } = volume;
  const toBone = distanceTransform(bone, size, step);
  const away: number[] = [];
  const anywhere: number[] = [];
  for (let index = 0; index < data.length; index += 1) {
    const hu = data[index]!;
    if (!isVessel(hu, inside[index]!)) continue;
    anywhere.push(hu);
    if (toBone[index]! > awayMm) away.push(hu);
  }
  const vessels = Float32Array.from(away.length >= leastAway ? away : anywhere)
    .filter((_, place) => place % 7 === 6)
    .sort();
  // partial volume at the walls is below the lumen: the upper quartile is lumen, in thin arteries a sixth below it
  return partialVolume * (vessels[Math.floor(vessels.length * 0.75)] ?? 0);
}

/**
 * Measured against the arteries' own density, so that a late bolus is searched as well as a dense one. Only one voxel about bone
 * is left out: a sac at the siphon lies nearer to bone than the marrow that `closed` fills.
 */
function searchedImage({
  volume,
  inside,
  bone,
  lumenHu,
}: Pick<Head, 'volume' | 'inside' | 'bone' | 'lumenHu'>): Float32Array {
  const rim = dilated(bone, volume.size, 6);
  const full = Math.max(lumenHu, vesselHu);
  return volume.data.map((hu, index) => {
    const seen = inside[index] === 0 ? 0 : rim[index] === 1 ? boneStandInHu : hu;
    // air would be an edge of its own, and smoothing exact zeros gives denormal numbers, which take ten times as long
    return Math.max(brainHu, Math.min(full, seen)) / full;
  });
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
