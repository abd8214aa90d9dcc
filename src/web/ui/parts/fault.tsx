import { Alert } from '@mantine/core';
import type { ReactNode } from 'react';

/** Something did not work, and why. */
export function Fault({ text }: { text: string | null }): ReactNode {
  if (text === null) return null;
  return (
    <Alert color="red" variant="light" title="That did not work" role="alert" my="sm">
      {text}
    </Alert>
  );
}
