import { Alert, Group, Text } from '@mantine/core';
import { useState, type ReactNode } from 'react';
import type { Quarantined } from '../../contract.ts';
import { send, useApi } from '../api.ts';
import { Link } from '../router.tsx';
import { ActionButton } from './action-button.tsx';
import { Fault } from './fault.tsx';
import { nameText, timeText } from './text.ts';

/** Images that came again with other content wait here for a decision; nothing is shown while there are none. */
export function Quarantine({ isAdmin }: { isAdmin: boolean }): ReactNode {
  const { data, fault, reload } = useApi<Quarantined[]>('/api/quarantine', ['series', 'instance']);
  const [failed, setFailed] = useState<string | null>(null);
  const waiting = data ?? [];
  if (waiting.length === 0) return <Fault text={failed ?? fault} />;
  return (
    <Alert
      variant="outline"
      color="orange"
      mb="md"
      component="section"
      aria-label="Quarantine"
      title="Quarantine"
    >
      <Text mb="xs">
        These images came again under the same SOP Instance UID with other content. The first ones are what
        was analysed; the others are kept aside until somebody decides.
      </Text>
      {waiting.map((one) => (
        <Waiting key={one.seriesId} one={one} isAdmin={isAdmin} onDone={reload} onFault={setFailed} />
      ))}
      <Fault text={failed ?? fault} />
    </Alert>
  );
}

const mostNamed = 8;

function Waiting({
  one,
  isAdmin,
  onDone,
  onFault,
}: {
  one: Quarantined;
  isAdmin: boolean;
  onDone: () => void;
  onFault: (text: string | null) => void;
}): ReactNode {
  const decide = async (decision: 'release' | 'reject'): Promise<void> => {
    await send('POST', `/api/quarantine/${one.seriesId}`, { decision });
    onDone();
  };
  return (
    <Group mb="xs" justify="space-between" role="group" aria-label={`Quarantine of series ${one.seriesId}`}>
      <div>
        <Link to={`/series/${one.seriesId}`} fw={600}>
          {nameText(one.patientName)}: {one.modality} {one.description}
        </Link>
        <Text fz="sm" className="wrap">
          {one.copies} {one.copies === 1 ? 'image' : 'images'} from {one.caller || 'an unnamed device'},{' '}
          {timeText(one.receivedAt)}. {differenceText(one.differs)}
        </Text>
      </div>
      {isAdmin && (
        <Group gap="xs">
          <ActionButton act={async () => await decide('release')} onFault={onFault}>
            Take the new images
          </ActionButton>
          <ActionButton act={async () => await decide('reject')} onFault={onFault}>
            Delete the new images
          </ActionButton>
        </Group>
      )}
    </Group>
  );
}

function differenceText(differs: Quarantined['differs']): string {
  if (differs === null) return 'The first or the new one is damaged: what differs cannot be told.';
  const more = differs.length > mostNamed ? ` and ${differs.length - mostNamed} more` : '';
  return `Other in: ${differs.slice(0, mostNamed).join(', ')}${more}`;
}
