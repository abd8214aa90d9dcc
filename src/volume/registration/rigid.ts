import type { Vector } from '../frame-geometry.ts';
import { dot } from '../vectors.ts';
import type { SmallMove } from './normal-equations.ts';

/** Rows of a rotation matrix. */
export type Rotation = readonly [Vector, Vector, Vector];

/** x -> rotation x + translation, in the patient's LPS axes. */
export interface RigidTransform {
  readonly rotation: Rotation;
  readonly translationMm: Vector;
}

export function applied({ rotation, translationMm }: RigidTransform, point: Vector): Vector {
  return [
    dot(rotation[0], point) + translationMm[0],
    dot(rotation[1], point) + translationMm[1],
    dot(rotation[2], point) + translationMm[2],
  ];
}

export function inverse({ rotation, translationMm }: RigidTransform): RigidTransform {
  const turned = transposed(rotation);
  return {
    rotation: turned,
    translationMm: [
      -dot(turned[0], translationMm),
      -dot(turned[1], translationMm),
      -dot(turned[2], translationMm),
    ],
  };
}

/** The move that turns about `centre` by a rotation vector (axis times angle, radians) and then shifts. */
export function turnedAbout(centre: Vector, turn: Vector, shift: Vector): RigidTransform {
  return about(centre, rotationOf(turn), shift);
}

/** `transform` followed by a small move about `centre`, where `centre` already lies in the target. */
export function followedBy(transform: RigidTransform, { centre, turn, shift }: SmallMove): RigidTransform {
  const next = turnedAbout(centre, turn, shift);
  return {
    rotation: product(next.rotation, transform.rotation),
    translationMm: applied(next, transform.translationMm),
  };
}

/** The angle of the rotation that leads from one to the other. */
export function angleDegrees(a: Rotation, b: Rotation): number {
  const trace = dot(a[0], b[0]) + dot(a[1], b[1]) + dot(a[2], b[2]);
  return (Math.acos(Math.max(-1, Math.min(1, (trace - 1) / 2))) * 180) / Math.PI;
}

/** How differently a head may lie in two scans: nodded, turned and tilted by 18 degrees, its slab 25 mm higher or lower. */
const turns = [-0.31, 0, 0.31];
const heightsMm = [-25, 0, 25];

/** Where to start from: the middles of both vessel trees on each other in every pose, and nothing moved at all. */
export function startPoses(from: Vector, to: Vector): readonly RigidTransform[] {
  const onto = (height: number): Vector => [to[0] - from[0], to[1] - from[1], to[2] - from[2] + height];
  const posed = turns.flatMap((x) =>
    turns.flatMap((y) =>
      turns.flatMap((z) => heightsMm.map((height) => turnedAbout(from, [x, y, z], onto(height)))),
    ),
  );
  return [turnedAbout(from, [0, 0, 0], [0, 0, 0]), ...posed];
}

function about(centre: Vector, rotation: Rotation, shift: Vector): RigidTransform {
  const along = (axis: 0 | 1 | 2): number => centre[axis] - dot(rotation[axis], centre) + shift[axis];
  return { rotation, translationMm: [along(0), along(1), along(2)] };
}

/** Rodrigues' formula. */
function rotationOf(turn: Vector): Rotation {
  const angle = Math.hypot(...turn);
  if (angle === 0)
    return [
      [1, 0, 0],
      [0, 1, 0],
      [0, 0, 1],
    ];
  const [x, y, z] = [turn[0] / angle, turn[1] / angle, turn[2] / angle];
  const [c, s] = [Math.cos(angle), Math.sin(angle)];
  const rest = 1 - c;
  return [
    [c + x * x * rest, x * y * rest - z * s, x * z * rest + y * s],
    [y * x * rest + z * s, c + y * y * rest, y * z * rest - x * s],
    [z * x * rest - y * s, z * y * rest + x * s, c + z * z * rest],
  ];
}

function product(a: Rotation, b: Rotation): Rotation {
  const columns = transposed(b);
  const row = (line: Vector): Vector => [dot(line, columns[0]), dot(line, columns[1]), dot(line, columns[2])];
  return [row(a[0]), row(a[1]), row(a[2])];
}

function transposed([a, b, c]: Rotation): Rotation {
  return [
    [a[0], b[0], c[0]],
    [a[1], b[1], c[1]],
    [a[2], b[2], c[2]],
  ];
}
