import { textPath, textWidth } from './text.ts';

interface Mark {
  readonly x: number;
  readonly y: number;
  readonly radius: number;
}

interface Frame {
  readonly x: number;
  readonly y: number;
  readonly width: number;
  readonly height: number;
}

const colour = '#E69F00';
const size = 20;
const angles = [-45, 45, -135, 135, 0, 180, -90, 90] as const;

/** Numbered rings; each number stands beside its ring where it covers neither a ring nor another number nor leaves the frame. */
export function placeLabels(marks: readonly Mark[], frame: Frame): string {
  const taken: Frame[] = [];
  return marks
    .map((mark, index) => {
      const label = String(index + 1);
      const width = textWidth(label, size, 'bold');
      const spots = [0, 14, 28].flatMap((further) =>
        angles.map((angle) => spot(mark, angle, { further, width })),
      );
      const free = spots.find(
        (box) =>
          isInside(box, frame) &&
          !taken.some((other) => overlaps(box, other)) &&
          !marks.some((other) => overlaps(box, around(other))),
      );
      const box = free ?? spots[0]!;
      taken.push(box);
      const ring = `<circle cx="${mark.x}" cy="${mark.y}" r="${mark.radius}" fill="none" stroke="#000000" stroke-width="4"/><circle cx="${mark.x}" cy="${mark.y}" r="${mark.radius}" fill="none" stroke="${colour}" stroke-width="2.2"/>`;
      return ring + textPath(label, { x: box.x, y: box.y + size * 0.85 }, { size, weight: 'bold', colour });
    })
    .join('');
}

function spot(mark: Mark, degrees: number, by: { further: number; width: number }): Frame {
  const reach = mark.radius + 12 + by.further;
  const angle = (degrees * Math.PI) / 180;
  const x = mark.x + Math.cos(angle) * reach - by.width / 2;
  return { x, y: mark.y + Math.sin(angle) * reach - size / 2, width: by.width, height: size };
}

function around(mark: Mark): Frame {
  return {
    x: mark.x - mark.radius,
    y: mark.y - mark.radius,
    width: 2 * mark.radius,
    height: 2 * mark.radius,
  };
}

function isInside(box: Frame, frame: Frame): boolean {
  return (
    box.x >= frame.x &&
    box.y >= frame.y &&
    box.x + box.width <= frame.x + frame.width &&
    box.y + box.height <= frame.y + frame.height
  );
}

function overlaps(a: Frame, b: Frame): boolean {
  return a.x < b.x + b.width && b.x < a.x + a.width && a.y < b.y + b.height && b.y < a.y + a.height;
}
