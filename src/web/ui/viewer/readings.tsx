import { Button, Group, Rating, Text, Textarea } from '@mantine/core';
import { useState, type ReactNode } from 'react';
import type { Reading } from '../../contract.ts';
import { messageOf, send } from '../api.ts';
import { Fault } from '../parts/fault.tsx';

export interface ReadingProps {
  readonly analysisId: number;
  readonly readings: readonly Reading[];
  readonly reader: string;
  readonly onSaved: () => void;
}

/** Agree or disagree with a finding, with a word why. */
export function OpinionButtons({ number, ...shared }: ReadingProps & { number: number }): ReactNode {
  const own = shared.readings.find(({ finding, reader }) => finding === number && reader === shared.reader);
  const [comment, setComment] = useState(own?.comment ?? '');
  const [fault, setFault] = useState<string | null>(null);
  const say = (opinion: 'agree' | 'disagree'): void => {
    const body = { about: 'finding', finding: number, opinion, comment };
    send('PUT', `/api/analyses/${shared.analysisId}/readings`, body).then(shared.onSaved, (error: unknown) =>
      setFault(messageOf(error)),
    );
  };
  const others = shared.readings.filter(
    ({ finding, reader }) => finding === number && reader !== shared.reader,
  );
  return (
    <>
      <Group gap="xs" mt={6}>
        {(['agree', 'disagree'] as const).map((opinion) => (
          <Button
            key={opinion}
            size="compact-sm"
            variant={own?.opinion === opinion ? 'filled' : 'default'}
            aria-pressed={own?.opinion === opinion}
            onClick={() => say(opinion)}
          >
            {opinion === 'agree' ? 'Agree' : 'Disagree'}
          </Button>
        ))}
      </Group>
      <Textarea
        aria-label={`Comment on finding ${number}`}
        placeholder="Comment (saved with agree or disagree)"
        size="xs"
        mt={6}
        autosize
        minRows={1}
        value={comment}
        onChange={(event) => setComment(event.currentTarget.value)}
      />
      {others.map((one) => (
        <Text key={one.reader} fz="xs" c="dimmed">
          {one.reader}: {one.opinion}
          {one.comment === '' ? '' : `, ${one.comment}`}
        </Text>
      ))}
      <Fault text={fault} />
    </>
  );
}

/** How good the map is as a whole, 1 to 5. */
export function MapRating({ analysisId, readings, reader, onSaved }: ReadingProps): ReactNode {
  const own = readings.find((one) => one.finding === 0 && one.reader === reader);
  const [fault, setFault] = useState<string | null>(null);
  const rate = (rating: number): void => {
    send('PUT', `/api/analyses/${analysisId}/readings`, { about: 'map', rating }).then(
      onSaved,
      (error: unknown) => setFault(messageOf(error)),
    );
  };
  return (
    <Group gap="xs" mt="xs">
      <Text fz="sm" id="rating-label">
        This map helps
      </Text>
      <Rating
        value={own?.rating ?? 0}
        onChange={rate}
        getSymbolLabel={(value) => `${value} of 5`}
        aria-labelledby="rating-label"
      />
      <Fault text={fault} />
    </Group>
  );
}
