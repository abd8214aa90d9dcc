import { Alert, Card, Group, SimpleGrid, Stack, Table, Text, Title } from '@mantine/core';
import { useState, type ReactNode } from 'react';
import type { Overview } from '../../contract.ts';
import { send, useApi } from '../api.ts';
import { ActionButton } from '../parts/action-button.tsx';
import { Curve } from '../parts/curve.tsx';
import { Fault } from '../parts/fault.tsx';
import { Heading } from '../parts/heading.tsx';
import { StateBadge } from '../parts/state-badge.tsx';
import { bytesText, secondsText, timeText } from '../parts/text.ts';
import { Link } from '../router.tsx';

/** How the node is: what to type into a scanner, what arrives, what waits, what failed. */
export function OverviewPage({ isAdmin }: { isAdmin: boolean }): ReactNode {
  const { data, fault, reload } = useApi<Overview>('/api/overview', [
    'instance',
    'series',
    'analysis',
    'delivery',
    'job',
    'settings',
  ]);
  return (
    <>
      <Heading text="Overview" />
      <Fault text={fault} />
      {data !== null && (
        <Stack>
          <Advice overview={data} />
          <SimpleGrid cols={{ base: 1, md: 2, lg: 3 }}>
            <Address overview={data} />
            <Series overview={data} />
            <Machine overview={data} />
          </SimpleGrid>
          <Card withBorder>
            <Curve counts={data.instancesPerMinute} label="Images received" />
          </Card>
          <SimpleGrid cols={{ base: 1, lg: 2 }}>
            <Times overview={data} />
            <Queue overview={data} />
          </SimpleGrid>
          <Failures overview={data} isAdmin={isAdmin} onDone={reload} />
        </Stack>
      )}
    </>
  );
}

/** What an administrator should do next. */
function Advice({ overview }: { overview: Overview }): ReactNode {
  const { destinations, strangers, settingsFault, restartNeeded, callersLimited } = overview;
  return (
    <>
      {settingsFault !== null && (
        <Alert color="red" title="The configuration file is not valid; the last valid one is in force">
          {settingsFault}
        </Alert>
      )}
      {restartNeeded.length > 0 && (
        <Alert color="yellow" title="Restart the node">
          Changes of {restartNeeded.join(', ')} come into force with the next start.
        </Alert>
      )}
      {destinations === 0 && (
        <Alert color="yellow" title="Results go nowhere yet">
          Add your PACS as a destination under <Link to="/devices">Devices</Link>.
        </Alert>
      )}
      {strangers > 0 && (
        <Alert color="yellow" title="Unknown callers">
          {strangers} unknown {strangers === 1 ? 'device' : 'devices'} called. See{' '}
          <Link to="/devices">Devices</Link>.
        </Alert>
      )}
      {!callersLimited && (
        <Text fz="sm" c="dimmed">
          Any device may send. Name the devices under Devices to let only those in.
        </Text>
      )}
    </>
  );
}

function Address({ overview }: { overview: Overview }): ReactNode {
  const { aeTitle, addresses, dicomPort, version, startedAt } = overview;
  return (
    <Card withBorder>
      <Title order={2} fz="sm" c="dimmed">
        Type this into the scanner or PACS
      </Title>
      <Text fz={34} fw={800} lh={1.2} className="mono">
        {aeTitle}
      </Text>
      <Text fz={24} fw={700} className="mono wrap">
        {addresses.join(', ')} : {dicomPort}
      </Text>
      <Text fz="sm" c="dimmed" mt="auto">
        Willis {version}, running since {timeText(startedAt)}
      </Text>
    </Card>
  );
}

function Series({ overview }: { overview: Overview }): ReactNode {
  const states = Object.entries(overview.series) as [keyof Overview['series'], number][];
  return (
    <Card withBorder>
      <Title order={2} fz="sm" c="dimmed" mb={4}>
        Series
      </Title>
      {states.map(([state, count]) => (
        <Group key={state} justify="space-between">
          <Link to={`/studies?state=${state}`} underline="never">
            <StateBadge state={state} />
          </Link>
          <Text className="mono" fw={600}>
            {count}
          </Text>
        </Group>
      ))}
    </Card>
  );
}

function Machine({ overview }: { overview: Overview }): ReactNode {
  const { disk, providers, ranLastOn, threads } = overview;
  return (
    <Card withBorder>
      <Title order={2} fz="sm" c="dimmed">
        Machine
      </Title>
      <Text>
        Computes on <b>{providers.join(', then ')}</b>, {threads} threads
      </Text>
      {ranLastOn === null || ranLastOn === providers[0] ? null : (
        <Text>
          The last series ran on <b>{ranLastOn}</b>
        </Text>
      )}
      <Text>
        <b>{bytesText(disk.freeBytes)}</b> of {bytesText(disk.totalBytes)} disk free
      </Text>
      <Text>
        {bytesText(disk.usedBytesPerDay)} a day arrive
        {disk.daysLeft === null ? '' : `: full ${daysText(disk.daysLeft)}`}
      </Text>
    </Card>
  );
}

/** The rate of a few days says nothing about years. */
function daysText(days: number): string {
  return days > 700 ? 'in more than two years' : `in about ${Math.floor(days)} days`;
}

function Times({ overview }: { overview: Overview }): ReactNode {
  return (
    <Card withBorder>
      <Title order={2} fz="md">
        From the last image to the result
      </Title>
      <Table>
        <Table.Thead>
          <Table.Tr>
            <Table.Th>From</Table.Th>
            <Table.Th>Pipeline</Table.Th>
            <Table.Th>Series</Table.Th>
            <Table.Th>Half within</Table.Th>
            <Table.Th>95 % within</Table.Th>
          </Table.Tr>
        </Table.Thead>
        <Table.Tbody>
          {overview.doorToResult.map(({ caller, pipeline, count, p50Seconds, p95Seconds }) => (
            <Table.Tr key={caller + pipeline}>
              <Table.Td>{caller}</Table.Td>
              <Table.Td>{pipeline}</Table.Td>
              <Table.Td>{count}</Table.Td>
              <Table.Td>{secondsText(p50Seconds)}</Table.Td>
              <Table.Td>{secondsText(p95Seconds)}</Table.Td>
            </Table.Tr>
          ))}
        </Table.Tbody>
      </Table>
    </Card>
  );
}

const kindNames: Readonly<Record<string, string>> = { assemble: 'Judge complete', analyse: 'Analyse' };

function Queue({ overview }: { overview: Overview }): ReactNode {
  return (
    <Card withBorder>
      <Title order={2} fz="md">
        Queue
      </Title>
      <Table>
        <Table.Thead>
          <Table.Tr>
            <Table.Th>Work</Table.Th>
            <Table.Th>Waiting</Table.Th>
            <Table.Th>Running</Table.Th>
            <Table.Th>Given up</Table.Th>
          </Table.Tr>
        </Table.Thead>
        <Table.Tbody>
          {overview.jobs.map(({ kind, waiting, running, dead }) => (
            <Table.Tr key={kind}>
              <Table.Td>{kindNames[kind] ?? kind.replace('deliver:', 'Deliver to ')}</Table.Td>
              <Table.Td>{waiting}</Table.Td>
              <Table.Td>{running}</Table.Td>
              <Table.Td>{dead}</Table.Td>
            </Table.Tr>
          ))}
        </Table.Tbody>
      </Table>
    </Card>
  );
}

function Failures({
  overview,
  isAdmin,
  onDone,
}: {
  overview: Overview;
  isAdmin: boolean;
  onDone: () => void;
}): ReactNode {
  const [fault, setFault] = useState<string | null>(null);
  if (overview.failures.length === 0) return null;
  return (
    <Card withBorder>
      <Title order={2} fz="md">
        Last failures
      </Title>
      <Fault text={fault} />
      {overview.failures.map(({ jobId, key, at, error, canRetry }) => (
        <Group key={jobId} justify="space-between" wrap="nowrap" py={4} role="group" aria-label={key}>
          <Text fz="sm" className="wrap">
            {timeText(at)} <b>{key}</b>: {error}
          </Text>
          {isAdmin && (
            <Group gap="xs" wrap="nowrap">
              {canRetry && (
                <ActionButton
                  act={async () => await send('POST', `/api/jobs/${jobId}/retry`).then(onDone)}
                  onFault={setFault}
                >
                  Try again
                </ActionButton>
              )}
              <ActionButton
                act={async () => await send('POST', `/api/jobs/${jobId}/put-away`).then(onDone)}
                onFault={setFault}
              >
                Put away
              </ActionButton>
            </Group>
          )}
        </Group>
      ))}
    </Card>
  );
}
