import { inside, toLpsMm, toVoxel, type Grid, type Triple, type Window } from './grid.ts';
import { paintMap, paintPlane, planes, voxelOf, type PlaneName } from './plane.ts';

/** A circle in the patient. */
export interface Mark {
  readonly centreLpsMm: Triple;
  readonly radiusMm: number;
  readonly label: string;
}

/** What all planes of a scene show. */
export interface Look {
  readonly placeLpsMm: Triple;
  readonly window: Window;
  readonly threshold: number;
  readonly opacity: number;
  readonly marks: readonly Mark[];
  /** 1 shows the whole plane. */
  readonly zoom: number;
  /** What stays in the middle while zoomed. */
  readonly focusLpsMm: Triple;
}

/** What a plane is asked for by hand. */
export interface Handling {
  moveTo(placeLpsMm: Triple): void;
  /** In slices, towards the Left, Posterior or Superior. */
  scroll(name: PlaneName, slices: number): void;
  zoom(factor: number): void;
  /** Changes of width and level, as parts of the window's width. */
  window(width: number, level: number): void;
  reset(): void;
}

interface Frame {
  /** Canvas pixels. */
  readonly width: number;
  readonly height: number;
  readonly mmPerPixel: number;
  /** Of the canvas' middle, mm from the plane's first column and row. */
  readonly middleMm: readonly [number, number];
}

const accent = '#3bc9db';
const markColour = '#ffd43b';
/** CSS pixels; in a picture below that the words of the first line would run into each other. */
const narrow = 280;

/** One plane in a canvas: image, map, marks, crosshair, letters and a ruler. */
export class PlaneView {
  private readonly canvas: HTMLCanvasElement;
  private readonly name: PlaneName;
  private readonly grid: Grid;
  private readonly map: Grid | null;
  /** The painted plane, one pixel a voxel, and what it was painted of. */
  private readonly image = document.createElement('canvas');
  private painted = '';
  private frame: Frame = { width: 1, height: 1, mmPerPixel: 1, middleMm: [0, 0] };

  constructor(canvas: HTMLCanvasElement, name: PlaneName, { grid, map }: { grid: Grid; map: Grid | null }) {
    this.canvas = canvas;
    this.name = name;
    this.grid = grid;
    this.map = map;
  }

  draw(look: Look): void {
    const ratio = window.devicePixelRatio;
    this.fit(ratio);
    const focus = look.zoom === 1 ? this.middleVoxel() : toVoxel(this.grid, look.focusLpsMm);
    const mm = this.sizeMm();
    const { width, height } = this.canvas;
    const mmPerPixel = Math.max(mm[0] / width, mm[1] / height) / look.zoom;
    this.frame = { width, height, mmPerPixel, middleMm: this.inPlaneMm(focus) };
    const pen = this.drawImage(look);
    this.drawMarks(pen, look, ratio);
    this.drawCross(pen, look, ratio);
    this.drawWords(pen, look, ratio);
  }

  /** A square of the plane through a point, `sideMm` wide, without marks. */
  drawCloseUp(look: Look, centreLpsMm: Triple, sideMm: number): void {
    const { width, height } = this.canvas;
    const middleMm = this.inPlaneMm(toVoxel(this.grid, centreLpsMm));
    this.frame = { width, height, mmPerPixel: sideMm / width, middleMm };
    this.drawImage({ ...look, placeLpsMm: centreLpsMm });
  }

  /** Lets hand and wheel act; returns what ends that. */
  listen(handling: Handling): () => void {
    const ending = new AbortController();
    const { signal } = ending;
    const { canvas } = this;
    let last: readonly [number, number] = [0, 0];
    canvas.addEventListener(
      'pointerdown',
      (event) => {
        last = [event.clientX, event.clientY];
        canvas.setPointerCapture(event.pointerId);
        if (event.button === 0) handling.moveTo(this.placeAt(event));
      },
      { signal },
    );
    canvas.addEventListener(
      'pointermove',
      (event) => {
        if ((event.buttons & 1) !== 0) handling.moveTo(this.placeAt(event));
        else if ((event.buttons & 2) !== 0) {
          handling.window((event.clientX - last[0]) / 250, (event.clientY - last[1]) / 250);
          last = [event.clientX, event.clientY];
        }
      },
      { signal },
    );
    canvas.addEventListener('contextmenu', (event) => event.preventDefault(), { signal });
    canvas.addEventListener('dblclick', () => handling.reset(), { signal });
    canvas.addEventListener(
      'wheel',
      (event) => {
        event.preventDefault();
        const up = event.deltaY < 0 ? 1 : -1;
        if (event.ctrlKey) handling.zoom(up > 0 ? 1.25 : 0.8);
        else handling.scroll(this.name, up);
      },
      { signal, passive: false },
    );
    return () => ending.abort();
  }

  private get axes(): (typeof planes)[PlaneName] {
    return planes[this.name];
  }

  private sizeMm(): readonly [number, number] {
    const { size, spacingMm } = this.grid;
    const { across, down } = this.axes;
    return [size[across] * spacingMm[across], size[down] * spacingMm[down]];
  }

  private middleVoxel(): Triple {
    const [x, y, z] = this.grid.size;
    return [(x - 1) / 2, (y - 1) / 2, (z - 1) / 2];
  }

  /** mm from the outer corner of the picture's first pixel: along a row, down a column. */
  private inPlaneMm(voxel: Triple): readonly [number, number] {
    const { across, down, isUpwards } = this.axes;
    const { size, spacingMm } = this.grid;
    const row = isUpwards ? size[down] - 1 - voxel[down] : voxel[down];
    return [(voxel[across] + 0.5) * spacingMm[across], (row + 0.5) * spacingMm[down]];
  }

  private pixelOf(pointLpsMm: Triple): readonly [number, number] {
    const [x, y] = this.inPlaneMm(toVoxel(this.grid, pointLpsMm));
    const { width, height, mmPerPixel, middleMm } = this.frame;
    return [width / 2 + (x - middleMm[0]) / mmPerPixel, height / 2 + (y - middleMm[1]) / mmPerPixel];
  }

  private placeAt(event: PointerEvent): Triple {
    const { width, height, mmPerPixel, middleMm } = this.frame;
    const { across, down, isUpwards, through } = this.axes;
    const { size, spacingMm } = this.grid;
    const ratio = width / Math.max(1, this.canvas.clientWidth);
    const x = middleMm[0] + (event.offsetX * ratio - width / 2) * mmPerPixel;
    const y = middleMm[1] + (event.offsetY * ratio - height / 2) * mmPerPixel;
    const row = y / spacingMm[down] - 0.5;
    const along = isUpwards ? size[down] - 1 - row : row;
    const index = this.index;
    const voxel = voxelOf(this.axes, x / spacingMm[across] - 0.5, along, index);
    return toLpsMm(this.grid, clamped(voxel, this.grid, through));
  }

  /** A canvas that is given its size anew gets a new surface, even if it is the same size: that only where it changed. */
  private fit(ratio: number): void {
    const { canvas } = this;
    const width = Math.max(1, Math.round(canvas.clientWidth * ratio));
    const height = Math.max(1, Math.round(canvas.clientHeight * ratio));
    if (canvas.width !== width) canvas.width = width;
    if (canvas.height !== height) canvas.height = height;
  }

  private index = 0;

  private drawImage(look: Look): CanvasRenderingContext2D {
    const pen = this.canvas.getContext('2d', { alpha: false })!;
    this.paint(look);
    const { width, height, mmPerPixel, middleMm } = this.frame;
    const [wide, high] = this.sizeMm();
    pen.fillStyle = '#000';
    pen.fillRect(0, 0, width, height);
    pen.imageSmoothingEnabled = true;
    pen.imageSmoothingQuality = 'high';
    const left = width / 2 - middleMm[0] / mmPerPixel;
    const top = height / 2 - middleMm[1] / mmPerPixel;
    pen.drawImage(this.image, left, top, wide / mmPerPixel, high / mmPerPixel);
    return pen;
  }

  private paint({ placeLpsMm, window: shown, threshold, opacity }: Look): void {
    const { grid, map, axes, image } = this;
    this.index = inside(grid, toVoxel(grid, placeLpsMm))[axes.through];
    const wanted = [this.index, shown.low, shown.high, threshold, opacity].join(' ');
    if (wanted === this.painted) return;
    this.painted = wanted;
    const picture = paintPlane(grid, axes, this.index, shown);
    if (map !== null && opacity > 0)
      paintMap(picture, { grid, axes, index: this.index }, map, { threshold, opacity });
    image.width = picture.width;
    image.height = picture.height;
    image.getContext('2d')!.putImageData(new ImageData(picture.rgba, picture.width, picture.height), 0, 0);
  }

  private drawMarks(pen: CanvasRenderingContext2D, { marks, placeLpsMm }: Look, ratio: number): void {
    const { through } = this.axes;
    const here = toVoxel(this.grid, placeLpsMm)[through];
    pen.strokeStyle = pen.fillStyle = markColour;
    pen.lineWidth = 1.5 * ratio;
    for (const { centreLpsMm, radiusMm, label } of marks) {
      const away = (toVoxel(this.grid, centreLpsMm)[through] - here) * this.grid.spacingMm[through];
      if (Math.abs(away) > radiusMm) continue;
      const [x, y] = this.pixelOf(centreLpsMm);
      const radius = Math.sqrt(radiusMm ** 2 - away ** 2) / this.frame.mmPerPixel + 3 * ratio;
      pen.beginPath();
      pen.arc(x, y, radius, 0, 2 * Math.PI);
      pen.stroke();
      write(pen, label, [x + radius * 0.75 + 3 * ratio, y - radius * 0.75], { size: 13 * ratio, at: 'left' });
    }
  }

  /** The crosshair leaves its middle free. */
  private drawCross(pen: CanvasRenderingContext2D, { placeLpsMm }: Look, ratio: number): void {
    const [x, y] = this.pixelOf(placeLpsMm);
    const { width, height } = this.frame;
    const gap = 10 * ratio;
    pen.strokeStyle = accent;
    pen.lineWidth = ratio;
    pen.beginPath();
    for (const [fromX, fromY, toX, toY] of [
      [0, y, x - gap, y],
      [x + gap, y, width, y],
      [x, 0, x, y - gap],
      [x, y + gap, x, height],
    ] as const) {
      pen.moveTo(fromX, fromY);
      pen.lineTo(toX, toY);
    }
    pen.stroke();
  }

  private drawWords(pen: CanvasRenderingContext2D, { window: shown }: Look, ratio: number): void {
    const { width, height, mmPerPixel } = this.frame;
    const size = 13 * ratio;
    const edge = 10 * ratio;
    const [left, top, right, bottom] = this.axes.edges;
    pen.fillStyle = '#fff';
    write(pen, left, [edge, height / 2], { size, at: 'left' });
    write(pen, right, [width - edge, height / 2], { size, at: 'right' });
    write(pen, top, [width / 2, edge + size / 2], { size, at: 'center' });
    write(pen, bottom, [width / 2, height - edge - size / 2], { size, at: 'center' });
    const number = `${this.index + 1}/${this.grid.size[this.axes.through]}`;
    const level = `W ${(shown.high - shown.low).toFixed(0)} L ${((shown.high + shown.low) / 2).toFixed(0)}`;
    const line = edge + size / 2;
    if (width < narrow * ratio) {
      write(pen, number, [edge, line], { size, at: 'left' });
      write(pen, level, [edge, line + 1.4 * size], { size, at: 'left' });
    } else {
      write(pen, `${this.name} ${number}`, [edge, line], { size, at: 'left' });
      write(pen, level, [width - edge, line], { size, at: 'right' });
    }
    const ruler = [100, 50, 20, 10, 5, 2].find((mm) => mm / mmPerPixel < width / 3) ?? 1;
    const y = height - edge;
    pen.fillRect(width - edge - ruler / mmPerPixel, y, ruler / mmPerPixel, 2 * ratio);
    write(pen, `${ruler} mm`, [width - edge, y - size / 2 - 2 * ratio], { size, at: 'right' });
  }
}

function write(
  pen: CanvasRenderingContext2D,
  text: string,
  [x, y]: readonly [number, number],
  { size, at }: { readonly size: number; readonly at: CanvasTextAlign },
): void {
  pen.font = `${size}px system-ui, sans-serif`;
  pen.textAlign = at;
  pen.textBaseline = 'middle';
  // readable on what is bright, too
  pen.save();
  pen.strokeStyle = 'rgba(0, 0, 0, 0.75)';
  pen.lineWidth = size / 4;
  pen.lineJoin = 'round';
  pen.strokeText(text, x, y);
  pen.restore();
  pen.fillText(text, x, y);
}

/** Inside the grid; what counts through the planes is left alone. */
function clamped(voxel: Triple, { size }: Grid, through: number): Triple {
  const [x, y, z] = voxel.map((value, axis) =>
    axis === through ? value : Math.min(size[axis]! - 1, Math.max(0, value)),
  );
  return [x!, y!, z!];
}
