/** Number of voxels along x (fastest), y, z (slowest). */
export type Size = readonly [number, number, number];

/**
 * Voxels and their place in the patient. `data[x + nx * (y + ny * z)]`.
 * A voxel centre (i, j, k) lies at `origin + i * spacing[0] * directions[0] + j * spacing[1] * directions[1] + k * spacing[2] * directions[2]`, LPS mm.
 */
export interface Volume {
  readonly size: Size;
  readonly spacingMm: readonly [number, number, number];
  readonly originLpsMm: readonly [number, number, number];
  /** Unit vectors of the x, y and z axis of the grid in LPS. Those of a tilted gantry's stack are not at right angles. */
  readonly directions: readonly [
    readonly [number, number, number],
    readonly [number, number, number],
    readonly [number, number, number],
  ];
  readonly data: Float32Array;
}
