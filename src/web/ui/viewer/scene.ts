import type { Finding } from '../../contract.ts';
import { inside, readGrid, toLpsMm, toVoxel, type Grid, type Triple, type Window } from './grid.ts';
import { planes, type PlaneName } from './plane.ts';
import { PlaneView, type Handling, type Look } from './plane-view.ts';
import { openSolid, type Solid, type Turn } from './solid.ts';

export type View = 'all' | PlaneName | '3d';

/** The picture of one series: source, probability map over it, and a mark a finding. Points are LPS mm. */
export interface Scene {
  show(view: View): void;
  jumpTo(centreLpsMm: readonly number[]): void;
  /** The map is drawn from this probability on. */
  setThreshold(probability: number): void;
  setMapOpacity(opacity: number): void;
  /** Values shown black and white; null: as the node proposes. */
  setWindow(window: Window | null): void;
  setMarks(findings: readonly Finding[]): void;
  /** Moves the crosshair by voxels: to the Left, Posterior, Superior. */
  step(left: number, posterior: number, superior: number): void;
  /** Turns the 3D picture by degrees. */
  turn(azimuth: number, elevation: number): void;
  zoom(factor: number): void;
  /** Another scene scrolls, zooms and turns with this one, in mm; null: none does. Two may follow each other. */
  follow(other: Scene | null): void;
  /** A square of one plane around a point, `sideMm` wide, in a canvas of its own. */
  drawCloseUp(
    canvas: HTMLCanvasElement,
    plane: PlaneName,
    centreLpsMm: readonly number[],
    sideMm: number,
  ): void;
  close(): void;
}

/** How the 3D picture is drawn, which comes after the planes. */
export type SolidState =
  | { readonly kind: 'loading' }
  | { readonly kind: 'ready'; readonly factors: Triple }
  | { readonly kind: 'fault'; readonly text: string };

export interface SceneSource {
  readonly volumeUrl: string;
  readonly mapUrl: string | null;
  readonly threshold: number;
  readonly opacity: number;
  readonly window: Window | null;
  readonly onPlace: (lpsMm: Triple) => void;
  readonly onSolid: (state: SolidState) => void;
}

export type Stage = Readonly<Record<PlaneName | 'solid', HTMLCanvasElement>>;

const planeNames = ['axial', 'coronal', 'sagittal'] as const;
const mostZoom = 12;
/** From the front and the patient's left, a little from above. */
const firstTurn: Turn = { azimuth: 110, elevation: 10 };

/** Loads source and map and draws the planes; 3D follows. Rejects where the node gives no pictures. */
export async function openScene(root: HTMLElement, stage: Stage, source: SceneSource): Promise<Scene> {
  const [volume, map] = await Promise.all([
    download(source.volumeUrl),
    source.mapUrl === null ? null : download(source.mapUrl, 'gzip'),
  ]);
  return new PlaneScene(root, stage, { source, volume, map });
}

async function download(url: string, packed?: CompressionFormat): Promise<ArrayBuffer> {
  const answer = await fetch(url);
  if (!answer.ok || answer.body === null) {
    const { message } = (await answer.json().catch(() => ({}))) as { message?: string };
    throw new Error(message ?? `The node gave no pictures (HTTP ${answer.status}).`);
  }
  if (packed === undefined) return await answer.arrayBuffer();
  return await new Response(answer.body.pipeThrough(new DecompressionStream(packed))).arrayBuffer();
}

/** What scenes that follow each other share. */
type Aim = Pick<Look, 'placeLpsMm' | 'focusLpsMm' | 'zoom'>;

class PlaneScene implements Scene {
  private readonly root: HTMLElement;
  private readonly source: SceneSource;
  private readonly grid: Grid;
  private readonly map: Grid | null;
  private readonly views: readonly PlaneView[];
  private readonly endings: (() => void)[] = [];
  private look: Look;
  private seenFrom = firstTurn;
  private findings: readonly Finding[] = [];
  private solid: Solid | null = null;
  private follower: PlaneScene | null = null;
  private drawing = 0;
  private closed = false;

  constructor(
    root: HTMLElement,
    stage: Stage,
    { source, volume, map }: { source: SceneSource; volume: ArrayBuffer; map: ArrayBuffer | null },
  ) {
    this.root = root;
    this.source = source;
    this.grid = readGrid(volume);
    this.map = map === null ? null : readGrid(map);
    const [x, y, z] = this.grid.size;
    const middle = toLpsMm(this.grid, inside(this.grid, [x / 2, y / 2, z / 2]));
    this.look = {
      placeLpsMm: middle,
      focusLpsMm: middle,
      window: source.window ?? this.grid.window,
      threshold: source.threshold,
      opacity: source.opacity,
      marks: [],
      zoom: 1,
    };
    const shown = { grid: this.grid, map: this.map };
    this.views = planeNames.map((name) => new PlaneView(stage[name], name, shown));
    const handling = this.handling();
    for (const view of this.views) this.endings.push(view.listen(handling));
    const sized = new ResizeObserver(() => {
      this.redraw();
      this.solid?.resize();
    });
    sized.observe(root);
    this.endings.push(() => sized.disconnect());
    this.drawNow();
    source.onPlace(middle);
    // the planes are on the screen before the 3D library is loaded
    setTimeout(() => void this.addSolid(stage.solid, map), 50);
  }

  show(view: View): void {
    this.root.dataset.view = view;
    this.redraw();
    this.solid?.resize();
  }

  jumpTo([left = 0, posterior = 0, superior = 0]: readonly number[]): void {
    const place: Triple = [left, posterior, superior];
    this.aim({ placeLpsMm: place, focusLpsMm: place });
  }

  setThreshold(threshold: number): void {
    this.change({ threshold });
    this.solid?.setThreshold(threshold);
  }

  setMapOpacity(opacity: number): void {
    this.change({ opacity });
    this.solid?.setMapOpacity(opacity);
  }

  setWindow(window: Window | null): void {
    this.change({ window: window ?? this.grid.window });
  }

  setMarks(findings: readonly Finding[]): void {
    this.findings = findings;
    this.solid?.setMarks(findings);
    const marks = findings.flatMap(({ number, centreLpsMm, maxDiameterMm }) => {
      if (centreLpsMm === null) return [];
      const [x = 0, y = 0, z = 0] = centreLpsMm;
      const radiusMm = Math.max(2, (maxDiameterMm ?? 0) / 2);
      return [{ centreLpsMm: [x, y, z] as const, radiusMm, label: String(number) }];
    });
    this.change({ marks });
  }

  step(left: number, posterior: number, superior: number): void {
    const [x, y, z] = inside(this.grid, toVoxel(this.grid, this.look.placeLpsMm));
    this.aim({ placeLpsMm: toLpsMm(this.grid, inside(this.grid, [x + left, y + posterior, z + superior])) });
  }

  turn(azimuth: number, elevation: number): void {
    const { seenFrom } = this;
    this.turnTo({ azimuth: seenFrom.azimuth + azimuth, elevation: seenFrom.elevation + elevation });
  }

  zoom(factor: number): void {
    const zoom = Math.min(mostZoom, Math.max(1, this.look.zoom * factor));
    this.aim({ zoom, focusLpsMm: this.look.placeLpsMm });
  }

  follow(other: Scene | null): void {
    this.follower = other instanceof PlaneScene ? other : null;
    const { placeLpsMm, focusLpsMm, zoom } = this.look;
    this.follower?.aim({ placeLpsMm, focusLpsMm, zoom });
    this.follower?.turnTo(this.seenFrom);
  }

  drawCloseUp(canvas: HTMLCanvasElement, plane: PlaneName, centre: readonly number[], sideMm: number): void {
    const [x = 0, y = 0, z = 0] = centre;
    const view = new PlaneView(canvas, plane, { grid: this.grid, map: this.map });
    view.drawCloseUp({ ...this.look, opacity: 0 }, [x, y, z], sideMm);
  }

  close(): void {
    this.closed = true;
    cancelAnimationFrame(this.drawing);
    for (const end of this.endings) end();
    this.solid?.close();
  }

  /** Followers aim alike; one that already does ends the round. */
  private aim(part: Partial<Aim>): void {
    const { placeLpsMm, focusLpsMm, zoom } = { ...this.look, ...part };
    const moves = !isSame(placeLpsMm, this.look.placeLpsMm);
    if (!moves && isSame(focusLpsMm, this.look.focusLpsMm) && zoom === this.look.zoom) return;
    this.change(part);
    if (moves) this.source.onPlace(placeLpsMm);
    this.follower?.aim(part);
  }

  private turnTo(turn: Turn): void {
    const { azimuth, elevation } = this.seenFrom;
    if (turn.azimuth === azimuth && turn.elevation === elevation) return;
    this.seenFrom = turn;
    this.solid?.turnTo(turn);
    this.follower?.turnTo(turn);
  }

  private isClosed(): boolean {
    return this.closed;
  }

  private handling(): Handling {
    return {
      moveTo: (placeLpsMm) => this.aim({ placeLpsMm }),
      scroll: (name, slices) => {
        const step = [0, 0, 0] as [number, number, number];
        step[planes[name].through] = slices;
        this.step(...step);
      },
      zoom: (factor) => this.zoom(factor),
      window: (width, level) => {
        const { low, high } = this.look.window;
        const wide = (high - low) * Math.exp(width);
        const middle = (high + low) / 2 + level * (high - low);
        this.change({ window: { low: middle - wide / 2, high: middle + wide / 2 } });
      },
      reset: () => {
        this.aim({ zoom: 1 });
        this.setWindow(this.source.window);
      },
    };
  }

  private change(part: Partial<Look>): void {
    this.look = { ...this.look, ...part };
    this.redraw();
  }

  /** Once a frame, however often something changed. */
  private redraw(): void {
    cancelAnimationFrame(this.drawing);
    this.drawing = requestAnimationFrame(() => this.drawNow());
  }

  private drawNow(): void {
    if (!this.isClosed()) for (const view of this.views) view.draw(this.look);
  }

  private async addSolid(canvas: HTMLCanvasElement, map: ArrayBuffer | null): Promise<void> {
    if (this.isClosed()) return;
    const { threshold, opacity } = this.look;
    try {
      const onTurn = (turn: Turn): void => this.turnTo(turn);
      const drawn = { grid: this.grid, map, threshold, opacity, turn: this.seenFrom, onTurn };
      const solid = await openSolid(canvas, drawn);
      if (this.isClosed()) {
        solid.close();
        return;
      }
      this.solid = solid;
      solid.setMarks(this.findings);
      solid.setThreshold(this.look.threshold);
      solid.setMapOpacity(this.look.opacity);
      solid.turnTo(this.seenFrom);
      this.source.onSolid({ kind: 'ready', factors: solid.factors });
    } catch (error) {
      const why = error instanceof Error ? error.message : String(error);
      this.source.onSolid({ kind: 'fault', text: `No 3D picture: ${why}` });
    }
  }
}

function isSame(a: Triple, b: Triple): boolean {
  return a.every((value, axis) => value === b[axis]);
}
