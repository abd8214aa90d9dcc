import {
  Alert,
  Badge,
  Button,
  Card,
  FileButton,
  Group,
  List,
  SimpleGrid,
  Table,
  Text,
  Title,
} from '@mantine/core';
import { useState, type ReactNode } from 'react';
import type { Bundle, Rules } from '../../contract.ts';
import { get, messageOf, send, useApi } from '../api.ts';
import { ActionButton } from '../parts/action-button.tsx';
import { Fault } from '../parts/fault.tsx';
import { Heading } from '../parts/heading.tsx';
import { timeText } from '../parts/text.ts';

/** The cards of the models: what each is for, what it was trained on, how it was measured, and which of several serves. */
export function BundlesPage({ isAdmin }: { isAdmin: boolean }): ReactNode {
  const { data, fault, reload } = useApi<Bundle[]>('/api/bundles', ['settings', 'operation']);
  const [failed, setFailed] = useState<string | null>(null);
  const bundles = data ?? [];
  const has = (pipeline: string): boolean => bundles.filter((one) => one.pipeline === pipeline).length > 1;
  return (
    <>
      <Heading text="Bundles">{isAdmin && <Upload onFault={setFailed} onDone={reload} />}</Heading>
      <Fault text={failed ?? fault} />
      <SimpleGrid cols={{ base: 1, xl: 2 }}>
        {bundles.map((bundle) =>
          bundle.refused === null ? (
            <BundleCard key={bundle.name} bundle={bundle}>
              {isAdmin && has(bundle.pipeline) && (
                <Choice bundle={bundle} onFault={setFailed} onDone={reload} />
              )}
            </BundleCard>
          ) : (
            <Alert key={bundle.folder} color="red" title={`${bundle.folder} was refused`}>
              {bundle.refused}
              {isAdmin && bundle.isUploaded && <Remove bundle={bundle} onFault={setFailed} onDone={reload} />}
            </Alert>
          ),
        )}
      </SimpleGrid>
    </>
  );
}

interface Told {
  readonly onFault: (text: string | null) => void;
  readonly onDone: () => void;
}

/** The node answers when it has run the golden vectors. */
function Upload({ onFault, onDone }: Told): ReactNode {
  const [isBusy, setBusy] = useState(false);
  const take = (file: File | null): void => {
    if (file === null) return;
    setBusy(true);
    onFault(null);
    send('POST', '/api/bundles', file.slice(0, file.size, 'application/zip'))
      .then(onDone, (error: unknown) => onFault(messageOf(error)))
      .finally(() => setBusy(false));
  };
  return (
    <>
      <Text fz="sm" c="dimmed" role="status">
        {isBusy
          ? 'Its golden vectors are run; this takes up to some minutes'
          : 'A folder of the kit as ZIP archive'}
      </Text>
      <FileButton onChange={take} accept=".zip" inputProps={{ 'aria-label': 'Bundle as ZIP archive' }}>
        {(props) => (
          <Button variant="default" size="xs" loading={isBusy} {...props}>
            Add a bundle
          </Button>
        )}
      </FileButton>
    </>
  );
}

/** Of several bundles for one pipeline one serves; rules that name another keep it. */
function Choice({ bundle, onFault, onDone }: Told & { bundle: Bundle }): ReactNode {
  const choose = async (): Promise<void> => {
    const { settingsSha256 } = await get<Rules>('/api/rules');
    const { pipeline, name } = bundle;
    await send('PUT', '/api/bundles/serving', { settingsSha256, pipeline, bundle: name });
    onDone();
  };
  if (bundle.usedByRules.length > 0) return null;
  return (
    <Group gap="xs" my="xs">
      <ActionButton act={choose} onFault={onFault}>
        Use {bundle.name} for {bundle.pipeline}
      </ActionButton>
      {bundle.isUploaded && <Remove bundle={bundle} onFault={onFault} onDone={onDone} />}
    </Group>
  );
}

function Remove({ bundle, onFault, onDone }: Told & { bundle: Bundle }): ReactNode {
  const remove = async (): Promise<void> => {
    await send('DELETE', `/api/bundles/${encodeURIComponent(bundle.name)}`);
    onDone();
  };
  return (
    <ActionButton act={remove} onFault={onFault}>
      Remove {bundle.name}
    </ActionButton>
  );
}

function BundleCard({ bundle, children }: { bundle: Bundle; children: ReactNode }): ReactNode {
  return (
    <Card withBorder component="section" aria-label={`${bundle.title} ${bundle.version}`}>
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
        {bundle.name}, pipeline {bundle.pipeline}, SHA-256 {bundle.sha256.slice(0, 16)}
        {bundle.isUploaded ? ', uploaded' : ''}
      </Text>
      <Text fw={600} my="xs">
        {bundle.intendedUse}
      </Text>
      <Text fz="sm">Used by: {bundle.usedByRules.join(', ') || 'no rule'}</Text>
      {children}
      <SelfTest selfTest={bundle.selfTest} />
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

function SelfTest({ selfTest }: Pick<Bundle, 'selfTest'>): ReactNode {
  return (
    <>
      <Title order={3} fz="sm" mt="sm">
        Self-test{selfTest === null ? '' : ` of ${timeText(selfTest.at)}`}
      </Title>
      {selfTest === null ? (
        <Text fz="sm">none yet</Text>
      ) : (
        <List fz="sm">
          {selfTest.lines.map((line) => (
            <List.Item key={line}>{line}</List.Item>
          ))}
        </List>
      )}
    </>
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
