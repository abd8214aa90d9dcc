import type { ReactNode } from 'react';

/** Counts a minute as bars, oldest left; told in words to those who do not see them. */
export function Curve({ counts, label }: { counts: readonly number[]; label: string }): ReactNode {
  const most = Math.max(1, ...counts);
  const width = 600;
  const height = 90;
  const step = width / counts.length;
  const total = counts.reduce((sum, count) => sum + count, 0);
  return (
    <figure style={{ margin: 0 }}>
      <svg
        viewBox={`0 0 ${width} ${height}`}
        width="100%"
        height={height}
        preserveAspectRatio="none"
        role="img"
        aria-label={`${label}: ${total} in ${counts.length} minutes, at most ${most} in one`}
      >
        <line
          x1="0"
          y1={height - 0.5}
          x2={width}
          y2={height - 0.5}
          stroke="currentColor"
          strokeOpacity="0.4"
        />
        {counts.map((count, index) => {
          const bar = (count / most) * (height - 4);
          return (
            <rect
              key={index}
              x={index * step + 0.5}
              y={height - bar}
              width={Math.max(1, step - 1)}
              height={bar}
              fill="var(--mantine-color-blue-6)"
            />
          );
        })}
      </svg>
      <figcaption>
        {label}: {total} in {counts.length} minutes, at most {most} a minute
      </figcaption>
    </figure>
  );
}
