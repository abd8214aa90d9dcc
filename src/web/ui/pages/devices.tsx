import { Alert, Card, Group, Stack, Text, TextInput, Title } from '@mantine/core';
import { useState, type ReactNode } from 'react';
import type { Devices } from '../../contract.ts';
import { send, useApi } from '../api.ts';
import { Destinations } from '../devices/destinations.tsx';
import { ActionButton } from '../parts/action-button.tsx';
import { Fault } from '../parts/fault.tsx';
import { Heading } from '../parts/heading.tsx';
import { CallTable } from '../parts/call-table.tsx';
import { timeText } from '../parts/text.ts';

interface Shared {
  readonly devices: Devices;
  readonly isAdmin: boolean;
  readonly onFault: (text: string | null) => void;
  readonly onDone: () => void;
}

/** Who may send to us, where results go, who called unknown, and what was negotiated. */
export function DevicesPage({ isAdmin }: { isAdmin: boolean }): ReactNode {
  const { data, fault, reload } = useApi<Devices>('/api/devices', ['association', 'settings']);
  const [failed, setFailed] = useState<string | null>(null);
  if (data === null) return <Fault text={fault} />;
  const shared = { devices: data, isAdmin, onFault: setFailed, onDone: reload };
  return (
    <>
      <Heading text="Devices" />
      <Text mb="md">
        We are{' '}
        <b className="mono">
          {data.aeTitle} at {data.addresses.join(', ')} : {data.dicomPort}
        </b>
        . Changes come into force at once.
      </Text>
      <Fault text={failed ?? fault} />
      <Stack>
        <Strangers {...shared} />
        <Destinations {...shared} />
        <Callers {...shared} />
        <CallTable calls={data.calls} />
      </Stack>
    </>
  );
}

function Strangers({ devices, isAdmin, onFault, onDone }: Shared): ReactNode {
  const { settingsSha256 } = devices;
  return devices.strangers.map(({ aeTitle, host, calls, lastSeenAt }) => (
    <Alert
      key={aeTitle + host}
      color="yellow"
      title={`${aeTitle} called from ${host} and is not known. Add it?`}
    >
      <Group>
        <Text fz="sm">
          {calls} {calls === 1 ? 'call' : 'calls'}, last {timeText(lastSeenAt)}
        </Text>
        {isAdmin && (
          <>
            <ActionButton
              variant="filled"
              act={async () =>
                await send('POST', '/api/callers', { settingsSha256, caller: { aeTitle, host } }).then(onDone)
              }
              onFault={onFault}
            >
              Add {aeTitle}
            </ActionButton>
            <ActionButton
              act={async () => await send('POST', '/api/strangers/ignore', { aeTitle }).then(onDone)}
              onFault={onFault}
            >
              Ignore
            </ActionButton>
          </>
        )}
      </Group>
    </Alert>
  ));
}

function Callers({ devices, isAdmin, onFault, onDone }: Shared): ReactNode {
  const { settingsSha256 } = devices;
  return (
    <Card withBorder component="section" aria-label="Callers">
      <Title order={2} fz="md">
        Callers: these may send to us
      </Title>
      {devices.callers.length === 0 && (
        <Text c="dimmed">Any device may send. Name one, and only named ones may.</Text>
      )}
      {devices.callers.map((caller) => {
        const { aeTitle, host, lastSeenAt } = caller;
        const body = { settingsSha256, caller: host === null ? { aeTitle } : { aeTitle, host } };
        return (
          <Group key={aeTitle + (host ?? '')} justify="space-between" py={6}>
            <Text>
              <b className="mono">{aeTitle}</b> from {host ?? 'any address'};{' '}
              {lastSeenAt === null ? 'has not called since the start' : `called us ${timeText(lastSeenAt)}`}
            </Text>
            {isAdmin && (
              <ActionButton
                act={async () => await send('POST', '/api/callers/remove', body).then(onDone)}
                onFault={onFault}
              >
                Remove {aeTitle}
              </ActionButton>
            )}
          </Group>
        );
      })}
      {isAdmin && <AddCaller devices={devices} isAdmin onFault={onFault} onDone={onDone} />}
    </Card>
  );
}

function AddCaller({ devices, onFault, onDone }: Shared): ReactNode {
  const [aeTitle, setAeTitle] = useState('');
  const [host, setHost] = useState('');
  const save = async (): Promise<void> => {
    const caller = host === '' ? { aeTitle } : { aeTitle, host };
    await send('POST', '/api/callers', { settingsSha256: devices.settingsSha256, caller });
    setAeTitle('');
    setHost('');
    onDone();
  };
  return (
    <Group align="end" mt="md" gap="xs">
      <TextInput
        label="AE title"
        w={150}
        value={aeTitle}
        onChange={(event) => setAeTitle(event.currentTarget.value)}
      />
      <TextInput
        label="Host (empty: any)"
        w={170}
        value={host}
        onChange={(event) => setHost(event.currentTarget.value)}
      />
      <ActionButton size="sm" variant="filled" act={save} onFault={onFault}>
        Add caller
      </ActionButton>
    </Group>
  );
}
