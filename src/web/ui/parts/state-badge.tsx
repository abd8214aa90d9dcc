import { Badge } from '@mantine/core';
import type { ReactNode } from 'react';
import type { SeriesState } from '../../contract.ts';

const looks: Readonly<Record<SeriesState, { label: string; color: string }>> = {
  receiving: { label: 'receiving', color: 'gray.7' },
  queued: { label: 'in the queue', color: '#1864ab' },
  findings: { label: 'findings', color: '#b23a00' },
  'no-findings': { label: 'no findings', color: '#226f31' },
  'not-analysed': { label: 'not analysed', color: '#b02525' },
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
