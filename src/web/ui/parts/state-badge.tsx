import { Badge } from '@mantine/core';
import type { ReactNode } from 'react';
import type { SeriesState } from '../../contract.ts';

const looks: Readonly<Record<SeriesState, { label: string; color: string }>> = {
  receiving: { label: 'receiving', color: 'gray.7' },
  queued: { label: 'in the queue', color: 'blue.8' },
  findings: { label: 'findings', color: 'orange.9' },
  'no-findings': { label: 'no findings', color: 'green.9' },
  'not-analysed': { label: 'not analysed', color: 'red.9' },
};

/** The state of a series in a word; the colour says nothing that the word does not. */
export function StateBadge({ state }: { state: SeriesState }): ReactNode {
  const { label, color } = looks[state];
  return (
    <Badge color={color} variant="filled" tt="none" style={{ flexShrink: 0 }}>
      {label}
    </Badge>
  );
}
