import type { Niivue } from '@niivue/niivue';
import type { Finding } from '../../contract.ts';
import { toLpsMm, type Grid, type Triple } from './grid.ts';
import { reduce, type Reduced } from './shrink.ts';

/** From where the 3D picture is looked at, degrees. */
export interface Turn {
  readonly azimuth: number;
  readonly elevation: number;
}

/** The 3D picture. */
export interface Solid {
  /** How much coarser than the series it is drawn, along each axis. */
  readonly factors: Triple;
  setMarks(findings: readonly Finding[]): void;
  setThreshold(probability: number): void;
  setMapOpacity(opacity: number): void;
  turnTo(turn: Turn): void;
  resize(): void;
  close(): void;
}

export interface SolidSource {
  readonly grid: Grid;
  readonly map: ArrayBuffer | null;
  readonly threshold: number;
  readonly opacity: number;
  readonly turn: Turn;
  /** Turned by hand or by `turnTo`. */
  readonly onTurn: (turn: Turn) => void;
}

/** What a graphics processor draws at once, and what the main processor can in its stead. */
const mostVoxels = { hardware: 1 << 25, software: 3 << 18 };

/** Loads the 3D library and draws; rejects where the browser has no WebGL 2. */
export async function openSolid(canvas: HTMLCanvasElement, source: SolidSource): Promise<Solid> {
  const { Niivue, NVImage, SLICE_TYPE } = await import('@niivue/niivue');
  const niivue = new Niivue({
    logLevel: 'error',
    loadingText: '',
    backColor: [0, 0, 0, 1],
    dragAndDropEnabled: false,
    isResizeCanvas: true,
    isAntiAlias: false,
    show3Dcrosshair: false,
    meshXRay: 0.35,
    sliceType: SLICE_TYPE.RENDER,
  });
  niivue.addColormap('angiogram', angiogram);
  await niivue.attachToCanvas(canvas, false);
  const isSoftware = drawnBySoftware(niivue.gl);
  const reduced = reduce(source.grid, isSoftware ? mostVoxels.software : mostVoxels.hardware);
  const grey = { url: niftiOf(NVImage, source.grid, reduced), name: 'source.nii', colormap: 'angiogram' };
  niivue.addVolume(await NVImage.loadFromUrl({ ...grey, cal_min: 0, cal_max: 255 }));
  if (source.map !== null) {
    const { map, opacity, threshold } = source;
    const warm = { url: map, name: 'map.nii', colormap: 'warm', opacity, cal_min: threshold, cal_max: 1 };
    niivue.addVolume(await NVImage.loadFromUrl(warm));
  }
  const solid = solidOf(niivue, reduced);
  solid.turnTo(source.turn);
  niivue.onAzimuthElevationChange = (azimuth, elevation) => source.onTurn({ azimuth, elevation });
  return solid;
}

/** What is dark is clear as glass, so that arteries show through the head. */
const angiogram = {
  R: [0, 110, 170, 255],
  G: [0, 110, 170, 255],
  B: [0, 110, 170, 255],
  A: [0, 0, 18, 180],
  I: [0, 110, 170, 255],
};

function drawnBySoftware(gl: WebGL2RenderingContext): boolean {
  const info = gl.getExtension('WEBGL_debug_renderer_info');
  const name = String(gl.getParameter(info === null ? gl.RENDERER : info.UNMASKED_RENDERER_WEBGL));
  return /swiftshader|llvmpipe|software|basic render/i.test(name);
}

function niftiOf(
  image: Pick<typeof import('@niivue/niivue').NVImage, 'createNiftiArray'>,
  grid: Grid,
  { values, size, spacingMm, firstVoxel }: Reduced,
): Uint8Array {
  const [x, y, z] = toLpsMm(grid, firstVoxel);
  const column = (axis: number): Triple => {
    const [left, posterior, superior] = grid.directions[axis]!;
    const step = spacingMm[axis]!;
    return [-left * step, -posterior * step, superior * step];
  };
  const [a, b, c] = [column(0), column(1), column(2)];
  const affine = [a[0], b[0], c[0], -x, a[1], b[1], c[1], -y, a[2], b[2], c[2], z, 0, 0, 0, 1];
  // left out: the voxel type, unsigned bytes unless told otherwise
  return image.createNiftiArray([...size], [...spacingMm], affine, undefined, values);
}

function solidOf(niivue: Niivue, { factors }: Reduced): Solid {
  return {
    factors,
    setMarks: (findings) => setMarks(niivue, findings),
    setThreshold: (probability) => {
      const map = niivue.volumes[1];
      if (map === undefined) return;
      map.cal_min = probability;
      niivue.updateGLVolume();
    },
    setMapOpacity: (opacity) => {
      if (niivue.volumes.length > 1) niivue.setOpacity(1, opacity);
    },
    turnTo: ({ azimuth, elevation }) => {
      const { renderAzimuth, renderElevation } = niivue.scene;
      if (azimuth !== renderAzimuth || elevation !== renderElevation)
        niivue.setRenderAzimuthElevation(azimuth, elevation);
    },
    resize: () => niivue.resizeListener(),
    close: () => niivue.cleanup(),
  };
}

/** A ball a finding, at its centre. */
function setMarks(niivue: Niivue, findings: readonly Finding[]): void {
  for (const mesh of [...niivue.meshes]) niivue.removeMesh(mesh);
  const placed = findings.flatMap(({ centreLpsMm, number }) =>
    centreLpsMm === null ? [] : [{ centreLpsMm, number }],
  );
  if (placed.length === 0) return;
  const marks = niivue.loadConnectomeAsMesh({
    name: 'findings',
    nodeColormap: 'cool',
    nodeColormapNegative: 'cool',
    nodeMinColor: 0,
    nodeMaxColor: 1,
    nodeScale: 2,
    edgeColormap: 'cool',
    edgeColormapNegative: 'cool',
    edgeMin: 1,
    edgeMax: 2,
    edgeScale: 1,
    showLegend: false,
    nodes: placed.map(({ centreLpsMm, number }) => ({
      name: String(number),
      x: -centreLpsMm[0]!,
      y: -centreLpsMm[1]!,
      z: centreLpsMm[2]!,
      colorValue: 1,
      sizeValue: 1,
    })),
    edges: [],
  });
  niivue.addMesh(marks);
}
