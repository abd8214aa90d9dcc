import {
  Badge,
  Card,
  Code,
  Group,
  NativeSelect,
  PasswordInput,
  Stack,
  Table,
  Tabs,
  Text,
  TextInput,
  Title,
} from '@mantine/core';
import { useState, type ReactNode } from 'react';
import type { ApiToken, AuditEntry, LogLine, User } from '../../contract.ts';
import { send, useApi } from '../api.ts';
import { ActionButton } from '../parts/action-button.tsx';
import { Fault } from '../parts/fault.tsx';
import { Heading } from '../parts/heading.tsx';
import { timeText } from '../parts/text.ts';
import { OperationsPanel } from '../system/operations.tsx';
import { SettingsPanel } from '../system/settings.tsx';

/** Log, audit, configuration with its history, users and tokens. */
export function SystemPage(): ReactNode {
  return (
    <>
      <Heading text="System" />
      <Tabs defaultValue="log" keepMounted={false}>
        <Tabs.List mb="md">
          <Tabs.Tab value="log">Log</Tabs.Tab>
          <Tabs.Tab value="audit">Audit</Tabs.Tab>
          <Tabs.Tab value="settings">Configuration</Tabs.Tab>
          <Tabs.Tab value="operations">Operations</Tabs.Tab>
          <Tabs.Tab value="users">Users and tokens</Tabs.Tab>
        </Tabs.List>
        <Tabs.Panel value="log">
          <LogPanel />
        </Tabs.Panel>
        <Tabs.Panel value="audit">
          <AuditPanel />
        </Tabs.Panel>
        <Tabs.Panel value="settings">
          <SettingsPanel />
        </Tabs.Panel>
        <Tabs.Panel value="operations">
          <OperationsPanel />
        </Tabs.Panel>
        <Tabs.Panel value="users">
          <UsersPanel />
        </Tabs.Panel>
      </Tabs>
    </>
  );
}

const levelColours = { info: 'gray.7', warn: '#b23a00', error: '#b02525' } as const;

function LogPanel(): ReactNode {
  const { data, fault } = useApi<LogLine[]>('/api/log?limit=200', ['log']);
  return (
    <>
      <Fault text={fault} />
      <div className="scroll">
        <Table fz="sm" aria-label="Log">
          <Table.Tbody>
            {(data ?? []).map((line) => (
              <Table.Tr key={line.id}>
                <Table.Td className="mono" style={{ whiteSpace: 'nowrap' }}>
                  {timeText(line.at)}
                </Table.Td>
                <Table.Td>
                  <Badge color={levelColours[line.level]} tt="none" variant="filled">
                    {line.level}
                  </Badge>
                </Table.Td>
                <Table.Td className="wrap">
                  {line.message}{' '}
                  <Text span fz="sm" c="dimmed" className="mono">
                    {Object.entries(line.fields)
                      .map(([name, value]) => `${name}=${String(value)}`)
                      .join(' ')}
                  </Text>
                </Table.Td>
              </Table.Tr>
            ))}
          </Table.Tbody>
        </Table>
      </div>
    </>
  );
}

function AuditPanel(): ReactNode {
  const { data, fault } = useApi<AuditEntry[]>('/api/audit?limit=200', ['settings']);
  return (
    <>
      <Fault text={fault} />
      <Table fz="sm" aria-label="Audit">
        <Table.Thead>
          <Table.Tr>
            <Table.Th>When</Table.Th>
            <Table.Th>Who</Table.Th>
            <Table.Th>What</Table.Th>
            <Table.Th>On what</Table.Th>
            <Table.Th>Outcome</Table.Th>
          </Table.Tr>
        </Table.Thead>
        <Table.Tbody>
          {(data ?? []).map((line) => (
            <Table.Tr key={line.id}>
              <Table.Td className="mono">{timeText(line.at)}</Table.Td>
              <Table.Td>
                {line.who} ({line.address})
              </Table.Td>
              <Table.Td>{line.action}</Table.Td>
              <Table.Td className="wrap">
                {line.object} {line.detail}
              </Table.Td>
              <Table.Td>{line.outcome}</Table.Td>
            </Table.Tr>
          ))}
        </Table.Tbody>
      </Table>
    </>
  );
}

function UsersPanel(): ReactNode {
  const users = useApi<User[]>('/api/users');
  const tokens = useApi<ApiToken[]>('/api/tokens');
  const [fault, setFault] = useState<string | null>(null);
  return (
    <Stack>
      <Fault text={fault ?? users.fault ?? tokens.fault} />
      <Card withBorder component="section" aria-label="Users">
        <Title order={2} fz="md">
          Users
        </Title>
        {(users.data ?? []).map(({ id, name, role }) => (
          <Group key={id} justify="space-between" py={4}>
            <Text>
              <b>{name}</b>, {role}
            </Text>
            <ActionButton
              act={async () => await send('DELETE', `/api/users/${id}`).then(users.reload)}
              onFault={setFault}
            >
              Remove {name}
            </ActionButton>
          </Group>
        ))}
        <AddUser onFault={setFault} onDone={users.reload} />
      </Card>
      <Card withBorder component="section" aria-label="Tokens">
        <Title order={2} fz="md">
          Tokens of programs
        </Title>
        {(tokens.data ?? []).map(({ id, name, scope }) => (
          <Group key={id} justify="space-between" py={4}>
            <Text>
              <b>{name}</b> may {scope}
            </Text>
            <ActionButton
              act={async () => await send('DELETE', `/api/tokens/${id}`).then(tokens.reload)}
              onFault={setFault}
            >
              Remove {name}
            </ActionButton>
          </Group>
        ))}
        <AddToken onFault={setFault} onDone={tokens.reload} />
      </Card>
    </Stack>
  );
}

interface Adding {
  readonly onFault: (text: string | null) => void;
  readonly onDone: () => void;
}

function AddUser({ onFault, onDone }: Adding): ReactNode {
  const [name, setName] = useState('');
  const [password, setPassword] = useState('');
  const [role, setRole] = useState('reader');
  const add = async (): Promise<void> => {
    await send('POST', '/api/users', { name, password, role });
    setName('');
    setPassword('');
    onDone();
  };
  return (
    <Group align="end" mt="sm">
      <TextInput label="Name" value={name} onChange={(event) => setName(event.currentTarget.value)} />
      <PasswordInput
        label="Password"
        w={220}
        value={password}
        onChange={(event) => setPassword(event.currentTarget.value)}
        autoComplete="new-password"
      />
      <NativeSelect
        label="Role"
        data={['reader', 'admin']}
        value={role}
        onChange={(event) => setRole(event.currentTarget.value)}
      />
      <ActionButton size="sm" variant="filled" act={add} onFault={onFault}>
        Add user
      </ActionButton>
    </Group>
  );
}

function AddToken({ onFault, onDone }: Adding): ReactNode {
  const [name, setName] = useState('');
  const [scope, setScope] = useState('read');
  const [token, setToken] = useState('');
  const add = async (): Promise<void> => {
    setToken((await send<{ token: string }>('POST', '/api/tokens', { name, scope })).token);
    setName('');
    onDone();
  };
  return (
    <>
      <Group align="end" mt="sm">
        <TextInput label="Program" value={name} onChange={(event) => setName(event.currentTarget.value)} />
        <NativeSelect
          label="May"
          data={[
            { value: 'read', label: 'read by DICOMweb' },
            { value: 'store', label: 'store by STOW-RS' },
            { value: 'metrics', label: 'read metrics' },
          ]}
          value={scope}
          onChange={(event) => setScope(event.currentTarget.value)}
        />
        <ActionButton size="sm" variant="filled" act={add} onFault={onFault}>
          Add token
        </ActionButton>
      </Group>
      {token !== '' && (
        <Text mt="sm" role="status">
          Shown once: <Code>{token}</Code>
        </Text>
      )}
    </>
  );
}
