import { Group, Switch, Text, TextInput } from '@mantine/core';
import { useState, type ReactNode } from 'react';
import type { Rules } from '../../contract.ts';
import { messageOf } from '../api.ts';
import { ActionButton } from '../parts/action-button.tsx';

type Rule = Rules['rules'][number];

/** What a rule does with its results: shadow mode, and the window for those that are not urgent. */
export function Switches({
  rules,
  onSave,
  onFault,
}: {
  rules: readonly Rule[];
  onSave: (rules: unknown) => Promise<void>;
  onFault: (text: string | null) => void;
}): ReactNode {
  const change = async (index: number, wanted: Rule): Promise<void> =>
    await onSave(rules.map((rule, at) => (at === index ? wanted : rule)));
  const rows = rules.map((rule, index) => (
    <div key={String(rule['name'])} role="group" aria-label={String(rule['name'])}>
      <Switch
        mb={4}
        label={`${String(rule['name'])}: shadow mode (analyse, send nothing)`}
        checked={rule['shadow'] === true}
        onChange={(event) => {
          const shadow = event.currentTarget.checked;
          change(index, { ...rule, shadow }).catch((error: unknown) => onFault(messageOf(error)));
        }}
      />
      <Schedule rule={rule} onChange={async (wanted) => await change(index, wanted)} onFault={onFault} />
    </div>
  ));
  return (
    <>
      <Text fz="sm" mb="xs">
        A window has the five fields of crontab: * 20-23,0-5 * * * is from 20:00 to 5:59. A haemorrhage never
        waits for it.
      </Text>
      {rows}
    </>
  );
}

interface SendDuring {
  readonly window: string;
  readonly waits?: readonly string[];
}

/** An empty window lets everything go at once. */
function Schedule({
  rule,
  onChange,
  onFault,
}: {
  rule: Rule;
  onChange: (rule: Rule) => Promise<void>;
  onFault: (text: string | null) => void;
}): ReactNode {
  const { sendDuring: before, ...others } = rule as Rule & { sendDuring?: SendDuring };
  const [window, setWindow] = useState(before?.window ?? '');
  const waits = before?.waits ?? ['no-findings'];
  const save = async (): Promise<void> =>
    await onChange(window.trim() === '' ? others : { ...others, sendDuring: { ...before, window } });
  return (
    <Group gap="xs" mb="sm" ml={44} align="end">
      <TextInput
        size="xs"
        w={230}
        label={`When results wait (${waits.join(', ')})`}
        placeholder="empty: they go at once"
        value={window}
        onChange={(event) => setWindow(event.currentTarget.value)}
      />
      <ActionButton act={save} onFault={onFault}>
        Save window
      </ActionButton>
    </Group>
  );
}
