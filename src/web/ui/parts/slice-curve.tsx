import { Group, Text } from '@mantine/core';
import type { ReactNode } from 'react';
import type { SliceCurve } from '../../contract.ts';
import { percentText } from './text.ts';

const width = 600;
const height = 130;
/** Told apart by dashes too, for those who do not see colours. */
const strokes = [
  { colour: 'var(--mantine-color-red-7)', dashes: '' },
  { colour: 'var(--mantine-color-blue-6)', dashes: '8 3' },
  { colour: 'var(--mantine-color-teal-7)', dashes: '3 3' },
  { colour: 'var(--mantine-color-orange-7)', dashes: '10 3 2 3' },
  { colour: 'var(--mantine-color-grape-6)', dashes: '2 5' },
  { colour: 'var(--mantine-color-gray-6)', dashes: '14 4' },
] as const;

/**
 * Probability from slice to slice, a line a class; `onSlice` gets the centre of the slice that was chosen, and a line stands where
 * `placeLpsMm` lies.
 */
export function SliceCurveFigure({
  curve,
  placeLpsMm = null,
  onSlice,
}: {
  curve: SliceCurve;
  placeLpsMm?: readonly number[] | null;
  onSlice?: (centreLpsMm: readonly number[]) => void;
}): ReactNode {
  const count = curve.centresLpsMm.length;
  const step = width / Math.max(1, count);
  const here = placeLpsMm === null ? null : (nearestSlice(curve.centresLpsMm, placeLpsMm) + 0.5) * step;
  const most = curve.classes.map((one) => `${one.class} at most ${percentText(Math.max(0, ...one.values))}`);
  return (
    <figure style={{ margin: 0 }} aria-label="Probability from slice to slice">
      <svg viewBox={`0 0 ${width} ${height}`} width="100%" role="img" aria-label={most.join(', ')}>
        <line x1="0" x2={width} y1={height / 2} y2={height / 2} stroke="currentColor" strokeOpacity="0.25" />
        <line
          x1="0"
          x2={width}
          y1={height - 0.5}
          y2={height - 0.5}
          stroke="currentColor"
          strokeOpacity="0.5"
        />
        {curve.classes.map((one, index) => (
          <polyline
            key={one.class}
            points={one.values
              .map((value, slice) => `${(slice + 0.5) * step},${(1 - value) * (height - 4) + 2}`)
              .join(' ')}
            fill="none"
            stroke={strokes[index % strokes.length]!.colour}
            strokeDasharray={strokes[index % strokes.length]!.dashes}
            strokeWidth="2"
          />
        ))}
        {here !== null && <line x1={here} x2={here} y1="0" y2={height} stroke="currentColor" />}
        {onSlice !== undefined &&
          curve.centresLpsMm.map((centre, slice) => (
            <rect
              key={slice}
              x={slice * step}
              y="0"
              width={step}
              height={height}
              fill="transparent"
              style={{ cursor: 'pointer' }}
              onClick={() => onSlice(centre)}
            >
              <title>Slice {slice + 1}</title>
            </rect>
          ))}
      </svg>
      <Legend classes={curve.classes.map((one) => one.class)} count={count} />
    </figure>
  );
}

/** The slice nearest to a place, along the stack. */
function nearestSlice(centres: readonly (readonly number[])[], place: readonly number[]): number {
  const [first = [], last = first] = [centres[0], centres.at(-1)];
  const along = (point: readonly number[]): number =>
    point.reduce((sum, value, axis) => sum + (value - first[axis]!) * (last[axis]! - first[axis]!), 0);
  const here = along(place);
  const away = centres.map((centre) => Math.abs(along(centre) - here));
  return away.indexOf(Math.min(...away));
}

function Legend({ classes, count }: { classes: readonly string[]; count: number }): ReactNode {
  return (
    <Group gap="sm" component="figcaption">
      <Text fz="xs">Slices 1 to {count}, 0 to 100 %</Text>
      {classes.map((name, index) => (
        <Group key={name} gap={4}>
          <svg width="26" height="6" aria-hidden>
            <line
              x1="0"
              x2="26"
              y1="3"
              y2="3"
              stroke={strokes[index % strokes.length]!.colour}
              strokeDasharray={strokes[index % strokes.length]!.dashes}
              strokeWidth="3"
            />
          </svg>
          <Text fz="xs">{name}</Text>
        </Group>
      ))}
    </Group>
  );
}
