import { Code, Group, JsonInput, Spoiler, Stack, Table, Text, Title } from '@mantine/core';
import { useState, type ReactNode } from 'react';
import type { Settings, SettingsVersion } from '../../contract.ts';
import { send, useApi } from '../api.ts';
import { ActionButton } from '../parts/action-button.tsx';
import { Fault } from '../parts/fault.tsx';
import { timeText } from '../parts/text.ts';
import { keysOf, type JsonSchema } from './schema-keys.ts';

/** The whole configuration: what it says, every key it may have, and its earlier versions. */
export function SettingsPanel(): ReactNode {
  const { data, fault, reload } = useApi<Settings>('/api/settings', ['settings']);
  const history = useApi<SettingsVersion[]>('/api/settings/history', ['settings']);
  const [failed, setFailed] = useState<string | null>(null);
  if (data === null) return <Fault text={fault} />;
  const again = (): void => {
    reload();
    history.reload();
  };
  const restore = async (id: string): Promise<void> => {
    await send('POST', `/api/settings/history/${id}/restore`, { settingsSha256: data.sha256 });
    again();
  };
  return (
    <Stack>
      <Fault text={failed ?? data.fault} />
      <Text>
        The file <Code>{data.file}</Code> is the one source; a change by hand is taken over within seconds.
        Secrets are shown as <Code>(hidden)</Code> and kept where that stays.
        {data.restartNeeded.length > 0 && ` Waiting for a restart: ${data.restartNeeded.join(', ')}.`}
      </Text>
      {data.value !== null && (
        <Editor key={data.sha256} settings={data} onFault={setFailed} onSaved={again} />
      )}
      <Keys />
      <Title order={2} fz="md">
        Earlier versions
      </Title>
      {(history.data ?? []).map((version) => (
        <Group key={version.id} justify="space-between">
          <Text fz="sm">
            {timeText(version.at)}, until {version.who}: {version.why}
          </Text>
          <ActionButton act={async () => await restore(version.id)} onFault={setFailed}>
            Restore
          </ActionButton>
        </Group>
      ))}
    </Stack>
  );
}

function Editor({
  settings,
  onFault,
  onSaved,
}: {
  settings: Settings;
  onFault: (text: string | null) => void;
  onSaved: () => void;
}): ReactNode {
  const written = JSON.stringify(settings.value, null, 2);
  const [text, setText] = useState(written);
  const save = async (): Promise<void> => {
    const value = JSON.parse(text) as unknown;
    await send('PUT', '/api/settings', { settingsSha256: settings.sha256, value });
    onSaved();
  };
  return (
    <>
      <JsonInput
        aria-label="Configuration as JSON"
        value={text}
        onChange={setText}
        autosize
        minRows={8}
        maxRows={30}
        validationError="This is not JSON yet"
        styles={{ input: { fontFamily: 'var(--mantine-font-family-monospace)', fontSize: 13 } }}
      />
      <Group>
        <ActionButton size="sm" variant="filled" act={save} onFault={onFault} disabled={text === written}>
          Save configuration
        </ActionButton>
      </Group>
    </>
  );
}

/** Every key with its meaning, as `willis config schema` tells it. */
function Keys(): ReactNode {
  const { data, fault } = useApi<JsonSchema>('/api/settings/schema');
  if (data === null) return <Fault text={fault} />;
  return (
    <>
      <Title order={2} fz="md">
        Every key
      </Title>
      <Spoiler maxHeight={220} showLabel="Show every key" hideLabel="Show fewer">
        <Table fz="sm" aria-label="Keys of the configuration">
          <Table.Tbody>
            {keysOf(data).map(({ path, type, preset, meaning }) => (
              <Table.Tr key={path + type}>
                <Table.Td className="mono wrap">{path}</Table.Td>
                <Table.Td>{type}</Table.Td>
                <Table.Td className="wrap">{preset}</Table.Td>
                <Table.Td className="wrap">{meaning}</Table.Td>
              </Table.Tr>
            ))}
          </Table.Tbody>
        </Table>
      </Spoiler>
    </>
  );
}
