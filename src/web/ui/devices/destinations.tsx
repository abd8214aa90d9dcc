import { Alert, Badge, Button, Card, Group, Modal, Text, Title } from '@mantine/core';
import { useState, type ReactNode } from 'react';
import type { DestinationLine, Devices, Echo } from '../../contract.ts';
import { messageOf, send } from '../api.ts';
import { ActionButton } from '../parts/action-button.tsx';
import { DestinationForm } from './destination-form.tsx';

/** Where results go: each with what is special about it, whether it answers, and a form to change it. */
export function Destinations({
  devices,
  isAdmin,
  onFault,
  onDone,
}: {
  devices: Devices;
  isAdmin: boolean;
  onFault: (text: string | null) => void;
  onDone: () => void;
}): ReactNode {
  const [edited, setEdited] = useState<DestinationLine | 'new' | null>(null);
  const done = (): void => {
    setEdited(null);
    onDone();
  };
  const title = edited === 'new' ? 'Add a destination' : `Change ${edited?.name ?? ''}`;
  return (
    <Card withBorder component="section" aria-label="Destinations">
      <Title order={2} fz="md">
        Destinations: results go there
      </Title>
      {devices.destinations.map((one) => (
        <Destination
          key={one.name}
          one={one}
          {...{ devices, isAdmin, onFault, onDone }}
          onEdit={() => setEdited(one)}
        />
      ))}
      {devices.destinations.length === 0 && <Text c="dimmed">None yet: results stay in this node.</Text>}
      {isAdmin && (
        <Group mt="md">
          <Button size="sm" onClick={() => setEdited('new')}>
            Add destination
          </Button>
        </Group>
      )}
      <Modal
        opened={edited !== null}
        onClose={() => setEdited(null)}
        title={title}
        size="xl"
        transitionProps={{ duration: 0 }}
        // locking the scroll would write a style without the nonce of the page
        lockScroll={false}
        closeButtonProps={{ 'aria-label': 'Close' }}
      >
        {edited !== null && (
          <DestinationForm devices={devices} line={edited === 'new' ? null : edited} onDone={done} />
        )}
      </Modal>
    </Card>
  );
}

function Destination({
  one,
  devices,
  isAdmin,
  onFault,
  onDone,
  onEdit,
}: {
  one: DestinationLine;
  devices: Devices;
  isAdmin: boolean;
  onFault: (text: string | null) => void;
  onDone: () => void;
  onEdit: () => void;
}): ReactNode {
  const { name, configured } = one;
  const { settingsSha256 } = devices;
  return (
    <div>
      <Group justify="space-between" py={6}>
        <div>
          <Text>
            <b>{name}</b> <span className="mono">{one.address}</span>
          </Text>
          <Group gap={6} my={4}>
            <Badge variant="default" tt="none">
              {one.type === 'stow-rs' ? 'STOW-RS' : 'C-STORE'}
            </Badge>
            {one.notes.map((note) => (
              <Badge key={note} variant="default" tt="none">
                {note}
              </Badge>
            ))}
            <Text fz="sm" c="dimmed">
              gets {one.results.join(', ')}
            </Text>
          </Group>
        </div>
        {isAdmin && (
          <Group gap="xs">
            {configured !== null && (
              <Button size="xs" variant="default" onClick={onEdit}>
                Change {name}
              </Button>
            )}
            <ActionButton
              act={async () =>
                await send('DELETE', `/api/destinations/${name}`, { settingsSha256 }).then(onDone)
              }
              onFault={onFault}
            >
              Remove {name}
            </ActionButton>
          </Group>
        )}
      </Group>
      {isAdmin && <CheckButton one={one} />}
    </div>
  );
}

/** Asks a destination whether it answers, and shows the negotiation line by line. */
function CheckButton({ one }: { one: DestinationLine }): ReactNode {
  const [report, setReport] = useState<Echo | null>(null);
  const [isBusy, setBusy] = useState(false);
  const ask = (): void => {
    setBusy(true);
    send<Echo>('POST', `/api/destinations/${one.name}/check`)
      .then(setReport, (error: unknown) => setReport({ answered: false, lines: [messageOf(error)] }))
      .finally(() => setBusy(false));
  };
  return (
    <div>
      <Button size="xs" variant="light" onClick={ask} loading={isBusy}>
        {one.type === 'stow-rs' ? 'Check' : 'Echo'} {one.name}
      </Button>
      {report !== null && (
        <Alert
          color={report.answered ? 'green' : 'red'}
          title={report.answered ? 'It answers' : 'It does not answer'}
          mt={6}
          role="status"
        >
          {report.lines.map((line) => (
            <Text key={line} fz="sm" className="wrap">
              {line}
            </Text>
          ))}
        </Alert>
      )}
    </div>
  );
}
