import { Alert, Badge, Card, Group, List, SimpleGrid, Table, Text, Title } from '@mantine/core';
import type { ReactNode } from 'react';
import type { Bundle } from '../../contract.ts';
import { useApi } from '../api.ts';
import { Fault } from '../parts/fault.tsx';
import { Heading } from '../parts/heading.tsx';

/** The cards of the models: what each is for, what it was trained on, and how it was measured. */
export function BundlesPage(): ReactNode {
  const { data, fault } = useApi<Bundle[]>('/api/bundles');
  return (
    <>
      <Heading text="Bundles" />
      <Fault text={fault} />
      <SimpleGrid cols={{ base: 1, xl: 2 }}>
        {(data ?? []).map((bundle) =>
          bundle.refused === null ? (
            <BundleCard key={bundle.folder} bundle={bundle} />
          ) : (
            <Alert key={bundle.folder} color="red" title={`${bundle.folder} was refused`}>
              {bundle.refused}
            </Alert>
          ),
        )}
      </SimpleGrid>
    </>
  );
}

function BundleCard({ bundle }: { bundle: Bundle }): ReactNode {
  return (
    <Card withBorder component="section" aria-label={bundle.title}>
      <Group justify="space-between">
        <Title order={2} fz="md">
          {bundle.title}
        </Title>
        {bundle.synthetic && (
          <Badge color="#b23a00" variant="filled" tt="none">
            trained on synthetic phantoms
          </Badge>
        )}
      </Group>
      <Text className="mono wrap" fz="sm">
        {bundle.id} {bundle.version}, pipeline {bundle.pipeline}, SHA-256 {bundle.sha256.slice(0, 16)}
      </Text>
      <Text fw={600} my="xs">
        {bundle.intendedUse}
      </Text>
      <Text fz="sm">Used by: {bundle.usedByRules.join(', ') || 'no rule'}</Text>
      <Title order={3} fz="sm" mt="sm">
        Limits
      </Title>
      <List fz="sm">
        {bundle.limits.map((limit) => (
          <List.Item key={limit}>{limit}</List.Item>
        ))}
      </List>
      <Drift days={bundle.drift} />
      <Facts title="Measured" facts={bundle.performance} />
      <Facts title="Trained" facts={bundle.training} />
    </Card>
  );
}

/** The last days in one line a day: a mean that moves says that model, scanner or patients have changed. */
function Drift({ days }: { days: Bundle['drift'] }): ReactNode {
  if (days.length === 0) return null;
  return (
    <>
      <Title order={3} fz="sm" mt="sm">
        Daily scores
      </Title>
      <Table fz="sm" aria-label="Daily scores">
        <Table.Thead>
          <Table.Tr>
            <Table.Th>Day</Table.Th>
            <Table.Th>Scans</Table.Th>
            <Table.Th>With findings</Table.Th>
            <Table.Th>Mean probability</Table.Th>
          </Table.Tr>
        </Table.Thead>
        <Table.Tbody>
          {days.slice(-14).map((one) => (
            <Table.Tr key={one.day}>
              <Table.Td>{one.day}</Table.Td>
              <Table.Td>{one.scans}</Table.Td>
              <Table.Td>{one.withFindings}</Table.Td>
              <Table.Td>{one.meanProbability.toFixed(3)}</Table.Td>
            </Table.Tr>
          ))}
        </Table.Tbody>
      </Table>
    </>
  );
}

function Facts({ title, facts }: { title: string; facts: Readonly<Record<string, unknown>> }): ReactNode {
  return (
    <>
      <Title order={3} fz="sm" mt="sm">
        {title}
      </Title>
      <Table fz="sm">
        <Table.Tbody>
          {Object.entries(facts).map(([name, value]) => (
            <Table.Tr key={name}>
              <Table.Th w={220}>{words(name)}</Table.Th>
              <Table.Td className="wrap">{valueText(value)}</Table.Td>
            </Table.Tr>
          ))}
        </Table.Tbody>
      </Table>
    </>
  );
}

/** lesionSensitivity4mmUp -> lesion sensitivity 4mm up */
function words(name: string): string {
  return name.replace(/([a-z])([A-Z0-9])/g, '$1 $2').toLowerCase();
}

function valueText(value: unknown): string {
  if (Array.isArray(value)) return value.map(valueText).join('; ');
  if (typeof value === 'object' && value !== null)
    return Object.entries(value)
      .map(([name, inner]) => `${words(name)} ${valueText(inner)}`)
      .join(', ');
  return String(value);
}
