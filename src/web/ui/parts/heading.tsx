import { Group, Title } from '@mantine/core';
import { useEffect, type ReactNode } from 'react';

/** The page's title, in the text and in the browser's tab, with what can be done beside it. */
export function Heading({ text, children }: { text: string; children?: ReactNode }): ReactNode {
  useEffect(() => {
    document.title = `${text} - Willis`;
  }, [text]);
  return (
    <Group justify="space-between" mb="md">
      <Title order={1} fz="h2">
        {text}
      </Title>
      <Group gap="xs">{children}</Group>
    </Group>
  );
}
