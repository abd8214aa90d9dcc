import { Badge, Card, Group, Stack, Table, Text, Title } from '@mantine/core';
import { useState, type ReactNode } from 'react';
import type { Operations } from '../../contract.ts';
import { send, useApi } from '../api.ts';
import { ActionButton } from '../parts/action-button.tsx';
import { Fault } from '../parts/fault.tsx';
import { timeText } from '../parts/text.ts';

const names: Readonly<Record<string, { readonly title: string; readonly what: string }>> = {
  selfTest: {
    title: 'Self-test',
    what: 'The shipped phantom is analysed and compared with what it holds and with earlier nights.',
  },
  watch: { title: 'Watch', what: 'Looks at free disk and at certificates.' },
  retention: { title: 'Retention', what: 'Deletes old studies, as configured.' },
  backup: { title: 'Backup', what: 'Copies the index and the configuration.' },
};

/** What the node does by itself, when, and how it went. */
export function OperationsPanel(): ReactNode {
  const { data, fault, reload } = useApi<Operations>('/api/operations', ['operation']);
  const [failed, setFailed] = useState<string | null>(null);
  if (data === null) return <Fault text={fault} />;
  const missing = ['retention', 'backup'].filter((name) => !data.tasks.some((task) => task.name === name));
  return (
    <Stack>
      <Fault text={failed} />
      {data.tasks.map((task) => (
        <TaskCard key={task.name} task={task} onFault={setFailed} onDone={reload} />
      ))}
      {missing.length > 0 && (
        <Text c="dimmed">
          Not configured: {missing.join(', ')}. See operations.{missing[0]} under Configuration.
        </Text>
      )}
      <Group>
        <ActionButton act={async () => await send('POST', '/api/alerts/test')} onFault={setFailed}>
          Send a test alert
        </ActionButton>
      </Group>
      <Certificates operations={data} />
    </Stack>
  );
}

function TaskCard({
  task,
  onFault,
  onDone,
}: {
  task: Operations['tasks'][number];
  onFault: (text: string | null) => void;
  onDone: () => void;
}): ReactNode {
  const { title = task.name, what = '' } = names[task.name] ?? {};
  return (
    <Card withBorder component="section" aria-label={title}>
      <Group justify="space-between">
        <Title order={2} fz="md">
          {title}
        </Title>
        <ActionButton
          act={async () => await send('POST', `/api/operations/${task.name}/run`).then(onDone)}
          onFault={onFault}
        >
          Run {title.toLowerCase()} now
        </ActionButton>
      </Group>
      <Text fz="sm" c="dimmed">
        {what} Schedule <span className="mono">{task.schedule}</span>, next {timeText(task.nextRunAt)}.
      </Text>
      {task.runs.slice(0, 3).map((run) => (
        <Group key={run.startedAt} gap="xs" mt={6} wrap="nowrap" align="start">
          <Badge color={run.outcome === 'success' ? '#20662f' : '#b02525'} tt="none" variant="filled">
            {run.outcome}
          </Badge>
          <Text fz="sm" className="wrap">
            {timeText(run.startedAt)}: {run.detail}
          </Text>
        </Group>
      ))}
    </Card>
  );
}

function Certificates({ operations }: { operations: Operations }): ReactNode {
  return (
    <Card withBorder component="section" aria-label="Certificates">
      <Title order={2} fz="md">
        Certificates
      </Title>
      <Fault text={operations.certificatesFault} />
      {operations.certificates.length === 0 && <Text c="dimmed">None: TLS is not configured.</Text>}
      <Table fz="sm">
        <Table.Tbody>
          {operations.certificates.map((one) => (
            <Table.Tr key={one.use + one.file}>
              <Table.Td>{one.use}</Table.Td>
              <Table.Td className="wrap">{one.subject}</Table.Td>
              <Table.Td className="mono wrap">{one.file}</Table.Td>
              <Table.Td>valid until {timeText(one.validTo)}</Table.Td>
            </Table.Tr>
          ))}
        </Table.Tbody>
      </Table>
    </Card>
  );
}
