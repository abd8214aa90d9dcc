import { expect } from 'chai';
import fc from 'fast-check';
import { wordsIn } from '../../../src/results/language/index.ts';
import { lettersAt, markAt, sceneOf } from '../../../src/results/pictures/cine-frames.ts';
import { cutThrough } from '../../../src/results/pictures/close-up.ts';
import type { CircleItem, Drawing, ImageItem } from '../../../src/results/pictures/drawing.ts';
import type { Plane } from '../../../src/results/pictures/grey.ts';
import { keyViewPage } from '../../../src/results/pictures/key-view-page.ts';
import { longestAxis } from '../../../src/results/pictures/longest-axis.ts';
import { screen } from '../../../src/results/pictures/palette.ts';
import { columnOf, lineExtents, projectAtAngle } from '../../../src/results/pictures/project.ts';
import { cutSmoothly, enlarge } from '../../../src/results/pictures/sample.ts';
import { sheetOf, type Place } from '../../../src/results/pictures/sheet.ts';
import { summaryPages } from '../../../src/results/pictures/summary-pages.ts';
import { onCut, views } from '../../../src/results/pictures/views.ts';
import type { Vector, Volume } from '../../../src/volume/index.ts';
import { aneurysmAt, madeInput, madeVolume, stateOf } from '../../support/picture-input.ts';

const voxel = (limit: number): fc.Arbitrary<number> => fc.integer({ min: -limit, max: limit });
const place = fc.tuple(voxel(24), voxel(30), voxel(20));

function asPlace(centreLpsMm: Vector): Place {
  return { isFinding: true, label: '1', centreLpsMm, maxDiameterMm: 6, probability: 1, slice: 1 };
}

/** Middle of the bright pixels: pixel centres at whole numbers plus a half. */
function brightMiddle({ values, width }: Plane, from: number): { x: number; y: number } {
  let [sum, x, y] = [0, 0, 0];
  values.forEach((value, pixel) => {
    if (value < from) return;
    sum += 1;
    x += (pixel % width) + 0.5;
    y += Math.floor(pixel / width) + 0.5;
  });
  return { x: x / sum, y: y / sum };
}

/** Middle of what is bright on a picture of the page, in the page's units. */
function brightOn(image: ImageItem): { x: number; y: number } {
  const { picture } = image;
  const values = Float32Array.from('grey' in picture ? picture.grey : []);
  const middle = brightMiddle({ values, width: picture.width, height: picture.height }, 200);
  return {
    x: image.x + (middle.x / picture.width) * image.width,
    y: image.y + (middle.y / picture.height) * image.height,
  };
}

function imagesOf(page: Drawing): readonly ImageItem[] {
  return page.items.filter((item): item is ImageItem => item.kind === 'image');
}

function ringsOf(page: Drawing): readonly CircleItem[] {
  return page.items.filter(
    (item): item is CircleItem => item.kind === 'circle' && item.line.colour === screen.mark,
  );
}

describe('places on pictures', function () {
  this.timeout(60_000);

  it('every ring of a page stands where the voxels are bright', () => {
    fc.assert(
      fc.property(place, (at) => {
        const input = madeInput([at]);
        const sheet = sheetOf(input, wordsIn(), screen);
        const [summary] = summaryPages(sheet);
        const keyView = keyViewPage(sheet, sheet.places[0]!, null);
        for (const page of [summary!, keyView]) {
          const [images, rings] = [imagesOf(page), ringsOf(page)];
          expect(rings).to.have.length(images.length);
          for (const [index, image] of images.entries()) {
            const bright = brightOn(image);
            const perVoxel = 5;
            expect(rings[index]!.x).to.be.closeTo(bright.x, 0.35 * perVoxel);
            expect(rings[index]!.y).to.be.closeTo(bright.y, 0.35 * perVoxel);
          }
        }
      }),
      { numRuns: 10 },
    );
  });

  it("left is left: a place on the patient's left is in the right half, where the letter L stands", () => {
    const left = madeInput([[22, 0, 0]]);
    const [page] = summaryPages(sheetOf(left, wordsIn(), screen));
    const [axial, coronal] = imagesOf(page!);
    for (const [index, image] of [axial!, coronal!].entries()) {
      const ring = ringsOf(page!)[index]!;
      expect(ring.x).to.be.greaterThan(image.x + image.width / 2);
      const letters = page!.items.filter((item) => item.kind === 'text' && item.words === 'L');
      expect(letters.some((item) => item.kind === 'text' && Math.abs(item.x - (image.x + image.width)) < 30))
        .to.be.true;
    }
  });

  it('a place outside the shown head is still marked on every projection', () => {
    const input = madeInput([[0, 0, 0]]);
    const headOnly = { ...input.volume!, data: input.volume!.data.map((value) => (value > 0.5 ? value : 0)) };
    const findings = stateOf([aneurysmAt([-40, -50, 25])]);
    const sheet = sheetOf(
      { ...input, findings, output: { ...input.output!, image: headOnly } },
      wordsIn(),
      screen,
    );
    const [page] = summaryPages(sheet);
    const [images, rings] = [imagesOf(page!).slice(0, 3), ringsOf(page!).slice(0, 3)];
    for (const [index, { x, y }] of rings.entries()) {
      const image = images[index]!;
      expect(x).to.be.within(image.x, image.x + image.width);
      expect(y).to.be.within(image.y, image.y + image.height);
    }
  });

  it('up is up: a place above the middle is in the upper half of coronal and sagittal, in front is to the left', () => {
    const [page] = summaryPages(sheetOf(madeInput([[0, -25, 18]]), wordsIn(), screen));
    const [axial, coronal, sagittal] = imagesOf(page!);
    const [first, second, third] = ringsOf(page!);
    expect(first!.y).to.be.lessThan(axial!.y + axial!.height / 2);
    expect(second!.y).to.be.lessThan(coronal!.y + coronal!.height / 2);
    expect(third!.y).to.be.lessThan(sagittal!.y + sagittal!.height / 2);
    expect(third!.x).to.be.lessThan(sagittal!.x + sagittal!.width / 2);
  });

  it('a cut of an oblique grid shows a point where the grid has it', () => {
    const angle = 0.3;
    const oblique: Volume = {
      ...madeVolume([]),
      spacingMm: [0.7, 0.8, 1.2],
      directions: [
        [Math.cos(angle), Math.sin(angle), 0],
        [-Math.sin(angle), Math.cos(angle), 0],
        [0, 0, 1],
      ],
    };
    const data = new Float32Array(oblique.data.length);
    data[40 + 90 * (50 + 110 * 30)] = 1;
    const at = [0, 1, 2].map(
      (axis) =>
        oblique.originLpsMm[axis]! +
        40 * 0.7 * oblique.directions[0][axis]! +
        50 * 0.8 * oblique.directions[1][axis]! +
        30 * 1.2 * oblique.directions[2][axis]!,
    ) as unknown as Vector;
    for (const view of views) {
      const cut = cutThrough(asPlace([at[0] + 3, at[1] - 2, at[2] + 1]), view, 40, 400);
      const shown = onCut(oblique, cut, at, { x: 0, y: 0, width: 400, height: 400 });
      const through = { ...cut, centreLpsMm: at };
      const bright = brightMiddle(cutSmoothly({ ...oblique, data }, through, 0), 0.5);
      expect(bright.x).to.be.closeTo(200, 1);
      expect(bright.y).to.be.closeTo(200, 1);
      const right = oblique.directions[view.right.axis].map((share) => share * view.right.sign);
      const offset = right[0]! * -3 + right[1]! * 2 + right[2]! * -1;
      expect(shown.x).to.be.closeTo(200 + offset * 10, 1e-6);
    }
  });

  it('the longest axis runs along what the map marks', () => {
    const map = { ...madeVolume([]), data: new Float32Array(90 * 110 * 60) };
    for (let step = -3; step <= 3; step += 1) map.data[45 + step + 90 * (55 + step + 110 * 30)] = 0.9;
    const axis = longestAxis(map, { centreLpsMm: [0, 0, 0], maxDiameterMm: 8 })!;
    expect(Math.abs(axis[0])).to.be.closeTo(Math.SQRT1_2, 1e-6);
    expect(Math.abs(axis[1])).to.be.closeTo(Math.SQRT1_2, 1e-6);
    expect(axis[2]).to.equal(0);
    expect(longestAxis(map, { centreLpsMm: [30, 30, 20], maxDiameterMm: 8 })).to.equal(null);
  });
});

describe('rotating projection', () => {
  const vesselsAt = (at: Vector): Volume => {
    const volume = madeVolume([at]);
    return { ...volume, data: volume.data.map((value) => Math.max(0, value - 0.5)) };
  };

  it('marks follow the finding: at every angle the mark is where the bright voxels are', () => {
    fc.assert(
      fc.property(place, fc.integer({ min: 0, max: 35 }), (at, step) => {
        const volume = vesselsAt(at);
        // a second voxel off centre, so that the axis is not in the finding
        volume.data[45 + 90 * (55 + 110 * 30)] = 0.05;
        const scene = sceneOf(volume, []);
        const turn = { ...scene.turn, degrees: step * 10 };
        const plane = projectAtAngle(volume, scene.extents, turn);
        const { width, height } = scene.picture;
        const tall = scene.slices[1] - scene.slices[0] + 1;
        const top = (60 - 1 - scene.slices[1]) * plane.width;
        const shown = {
          ...plane,
          height: tall,
          values: plane.values.subarray(top, top + tall * plane.width),
        };
        const bright = brightMiddle(enlarge(shown, width, height), 0.25);
        const mark = markAt(volume, scene, turn.degrees, asPlace(at));
        expect(mark.x).to.be.closeTo(bright.x, 0.35 * scene.pixelsPerVoxel);
        expect(mark.y - scene.picture.y).to.be.closeTo(bright.y, 0.35 * scene.pixelsPerVoxel);
      }),
      { numRuns: 60 },
    );
  });

  it('a mark is in the picture at every angle, wherever its place is in the volume', () => {
    const anywhere = fc.tuple(
      fc.integer({ min: -45, max: 44 }),
      fc.integer({ min: -55, max: 54 }),
      fc.integer({ min: -30, max: 29 }),
    );
    const volume = vesselsAt([0, 0, 0]);
    fc.assert(
      fc.property(anywhere, (at) => {
        const scene = sceneOf(volume, [asPlace(at)]);
        for (let degrees = 0; degrees < 360; degrees += 10) {
          const { x, y } = markAt(volume, scene, degrees, asPlace(at));
          expect(x).to.be.within(0, scene.picture.width);
          expect(y).to.be.within(scene.picture.y, scene.picture.y + scene.picture.height);
        }
      }),
    );
  });

  it('sees what a coronal and a sagittal projection see', () => {
    const volume = vesselsAt([20, -10, 5]);
    const scene = sceneOf(volume, []);
    const at = (degrees: number, point: readonly [number, number]): number =>
      columnOf({ ...scene.turn, degrees, centre: [45, 55] }, point);
    // from the front the patient's left is right; from the patient's left the front is left
    expect(at(0, [60, 55])).to.be.greaterThan(at(0, [30, 55]));
    expect(at(90, [45, 20])).to.be.lessThan(at(90, [45, 80]));
    expect(at(180, [60, 55])).to.be.lessThan(at(180, [30, 55]));
    expect(at(270, [45, 20])).to.be.greaterThan(at(270, [45, 80]));
  });

  it('letters name the side of the patient at each border', () => {
    expect(lettersAt(0)).to.include({ left: 'R', right: 'L', top: 'S', bottom: 'I' });
    expect(lettersAt(90)).to.include({ left: 'A', right: 'P' });
    expect(lettersAt(180)).to.include({ left: 'L', right: 'R' });
    expect(lettersAt(270)).to.include({ left: 'P', right: 'A' });
    expect(lettersAt(30)).to.include({ left: 'RA', right: 'LP' });
    expect(lettersAt(60)).to.include({ left: 'AR', right: 'PL' });
  });

  it('equals a slow projection, ray by ray', () => {
    const volume = vesselsAt([10, 12, -4]);
    const [nx, ny] = volume.size;
    const extents = lineExtents(volume);
    for (const degrees of [0, 20, 45, 90, 130, 200, 315]) {
      const turn = { degrees, centre: [44.5, 54.5] as const, width: 160, pixelsPerVoxel: 1 };
      const fast = projectAtAngle(volume, extents, turn);
      const slow = new Float32Array(fast.values.length);
      const [cosine, sine] = [Math.cos((degrees * Math.PI) / 180), Math.sin((degrees * Math.PI) / 180)];
      const byRows = Math.abs(cosine) >= Math.abs(sine);
      for (let line = 0; line < (byRows ? ny : nx); line += 1) {
        for (let column = 0; column < 160; column += 1) {
          const across = column - 79.5;
          const position = byRows
            ? 44.5 + (across - (line - 54.5) * sine) / cosine
            : 54.5 + (across - (line - 44.5) * cosine) / sine;
          const low = Math.floor(position);
          if (low < 0 || low + 1 >= (byRows ? nx : ny)) continue;
          for (let z = 0; z < 60; z += 1) {
            const at = (element: number): number =>
              volume.data[(byRows ? element + nx * line : line + nx * element) + nx * ny * z]!;
            const value = at(low) * (low + 1 - position) + at(low + 1) * (position - low);
            const target = (59 - z) * 160 + column;
            slow[target] = Math.max(slow[target]!, value);
          }
        }
      }
      fast.values.forEach((value, pixel) => expect(value).to.be.closeTo(slow[pixel]!, 1e-5));
    }
  });
});
