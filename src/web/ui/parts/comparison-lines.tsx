import { Text } from '@mantine/core';
import type { ReactNode } from 'react';
import type { Analysis } from '../../contract.ts';

/** How a result stands to an earlier study, a line each. */
export function ComparisonLines({ analysis: { comparison } }: { analysis: Analysis }): ReactNode {
  if (comparison === null) return null;
  return (
    <section aria-label="Against an earlier study">
      {comparison.lines.map((line) => (
        <Text key={line} fz="sm" mt={4}>
          {line}
        </Text>
      ))}
    </section>
  );
}
