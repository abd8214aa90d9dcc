import { MULTIPLANAR_TYPE, Niivue, SHOW_RENDER, SLICE_TYPE } from '@niivue/niivue';
import type { Finding } from '../../contract.ts';

export type View = 'all' | 'axial' | 'coronal' | 'sagittal' | '3d';

/** The picture of one series: source, probability map over it, and a mark a finding. Points are LPS mm. */
export interface Scene {
  show(view: View): void;
  jumpTo(centreLpsMm: readonly number[]): void;
  /** The map is drawn from this probability on. */
  setThreshold(probability: number): void;
  setMapOpacity(opacity: number): void;
  setMarks(findings: readonly Finding[]): void;
  /** Moves the crosshair by voxels: right, anterior, up. */
  step(x: number, y: number, z: number): void;
  /** Turns the 3D picture by degrees. */
  turn(azimuth: number, elevation: number): void;
  /** Another scene scrolls and turns with this one, in mm; null: none does. */
  follow(other: Scene | null): void;
  close(): void;
}

export interface SceneSource {
  readonly volumeUrl: string;
  readonly mapUrl: string | null;
  readonly threshold: number;
  readonly onPlace: (lpsMm: readonly [number, number, number]) => void;
}

const views: Readonly<Record<View, SLICE_TYPE>> = {
  all: SLICE_TYPE.MULTIPLANAR,
  axial: SLICE_TYPE.AXIAL,
  coronal: SLICE_TYPE.CORONAL,
  sagittal: SLICE_TYPE.SAGITTAL,
  '3d': SLICE_TYPE.RENDER,
};

/** Loads source and map into a canvas; rejects where the browser has no WebGL 2 or the node no pictures. */
export async function openScene(canvas: HTMLCanvasElement, source: SceneSource): Promise<Scene> {
  const niivue = new Niivue({
    logLevel: 'error',
    loadingText: 'loading',
    backColor: [0, 0, 0, 1],
    crosshairColor: [0.2, 0.8, 1, 0.8],
    crosshairWidth: 0.6,
    crosshairGap: 6,
    isRadiologicalConvention: true,
    sagittalNoseLeft: true,
    multiplanarShowRender: SHOW_RENDER.ALWAYS,
    multiplanarLayout: MULTIPLANAR_TYPE.GRID,
    multiplanarEqualSize: true,
    isColorbar: false,
    dragAndDropEnabled: false,
    scrollRequiresFocus: true,
    meshThicknessOn2D: 2,
    meshXRay: 0.35,
    show3Dcrosshair: false,
  });
  niivue.onLocationChange = (location) => {
    const { mm } = location as { mm: ArrayLike<number> };
    source.onPlace([-mm[0]!, -mm[1]!, mm[2]!]);
  };
  niivue.addColormap('angiogram', angiogram);
  await niivue.attachToCanvas(canvas);
  await niivue.loadVolumes(volumesOf(source));
  niivue.setSliceType(SLICE_TYPE.MULTIPLANAR);
  return sceneOf(niivue);
}

/** Grey in slices; in 3D what is dark is clear as glass, so that arteries show through the head. */
const angiogram = {
  R: [0, 110, 170, 255],
  G: [0, 110, 170, 255],
  B: [0, 110, 170, 255],
  A: [0, 0, 18, 180],
  I: [0, 110, 170, 255],
};

function volumesOf(source: SceneSource): Parameters<Niivue['loadVolumes']>[0] {
  const grey = { url: source.volumeUrl, name: 'source.nii', colormap: 'angiogram' };
  if (source.mapUrl === null) return [grey];
  const map = { url: source.mapUrl, name: 'map.nii.gz', colormap: 'warm', opacity: 0.5 };
  return [grey, { ...map, cal_min: source.threshold, cal_max: 1 }];
}

const niivues = new WeakMap<Scene, Niivue>();

function sceneOf(niivue: Niivue): Scene {
  const scene: Scene = {
    show: (view) => void niivue.setSliceType(views[view]),
    jumpTo: ([left = 0, posterior = 0, superior = 0]) => {
      niivue.scene.crosshairPos = niivue.mm2frac([-left, -posterior, superior]);
      niivue.createOnLocationChange();
      niivue.drawScene();
    },
    setThreshold: (probability) => {
      const map = niivue.volumes[1];
      if (map === undefined) return;
      map.cal_min = probability;
      niivue.updateGLVolume();
    },
    setMapOpacity: (opacity) => {
      if (niivue.volumes.length > 1) niivue.setOpacity(1, opacity);
    },
    setMarks: (findings) => setMarks(niivue, findings),
    step: (x, y, z) => niivue.moveCrosshairInVox(x, y, z),
    turn: (azimuth, elevation) =>
      niivue.setRenderAzimuthElevation(
        niivue.scene.renderAzimuth + azimuth,
        niivue.scene.renderElevation + elevation,
      ),
    follow: (other) => {
      const follower = other === null ? undefined : niivues.get(other);
      niivue.broadcastTo(follower === undefined ? [] : [follower], { '2d': true, '3d': true });
    },
    close: () => niivue.cleanup(),
  };
  niivues.set(scene, niivue);
  return scene;
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
