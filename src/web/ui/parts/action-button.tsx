import { Button, type ButtonProps } from '@mantine/core';
import { useState, type ReactNode } from 'react';
import { messageOf } from '../api.ts';

/** A button that does something on the node, waits for it, and hands a fault on. */
export function ActionButton({
  act,
  onFault,
  children,
  ...rest
}: ButtonProps & {
  act: () => Promise<unknown>;
  onFault: (text: string | null) => void;
  children: ReactNode;
}): ReactNode {
  const [isBusy, setBusy] = useState(false);
  const run = (): void => {
    setBusy(true);
    onFault(null);
    act()
      .catch((error: unknown) => onFault(messageOf(error)))
      .finally(() => setBusy(false));
  };
  return (
    <Button size="xs" variant="default" loading={isBusy} onClick={run} {...rest}>
      {children}
    </Button>
  );
}
