import {
  Card,
  FileInput,
  Group,
  JsonInput,
  NativeSelect,
  SimpleGrid,
  Stack,
  Text,
  Title,
} from '@mantine/core';
import { useEffect, useState, type ReactNode } from 'react';
import type { Rules, RuleTest, StudyPage } from '../../contract.ts';
import { get, messageOf, send, useApi } from '../api.ts';
import { ActionButton } from '../parts/action-button.tsx';
import { Fault } from '../parts/fault.tsx';
import { Heading } from '../parts/heading.tsx';
import { nameText } from '../parts/text.ts';
import { Switches } from '../rules/switches.tsx';
import { ExplanationList } from './series.tsx';

/** Which series go to which pipeline, and a tester that says why. */
export function RulesPage({ isAdmin }: { isAdmin: boolean }): ReactNode {
  const { data, fault, reload } = useApi<Rules>('/api/rules', ['settings']);
  if (data === null) return <Fault text={fault} />;
  return (
    <>
      <Heading text="Rules" />
      <Text mb="md">
        A complete series goes to the first rule whose conditions all hold.{' '}
        {data.areShipped
          ? 'These are the shipped rules; they send to every destination.'
          : 'These rules are from the configuration.'}
      </Text>
      <SimpleGrid cols={{ base: 1, xl: 2 }}>
        <Editor key={data.settingsSha256} rules={data} isAdmin={isAdmin} onSaved={reload} />
        <Tester isAdmin={isAdmin} />
      </SimpleGrid>
    </>
  );
}

function Editor({
  rules,
  isAdmin,
  onSaved,
}: {
  rules: Rules;
  isAdmin: boolean;
  onSaved: () => void;
}): ReactNode {
  const [text, setText] = useState(JSON.stringify(rules.rules, null, 2));
  const [fault, setFault] = useState<string | null>(null);
  const { settingsSha256 } = rules;
  const save = async (wanted: unknown): Promise<void> => {
    await send('PUT', '/api/rules', { settingsSha256, rules: wanted });
    onSaved();
  };
  return (
    <Card withBorder component="section" aria-label="Editor">
      <Title order={2} fz="md">
        Rules
      </Title>
      <Text fz="sm" c="dimmed" mb="xs">
        Pipelines: {rules.pipelines.join(', ')}. Destinations: {rules.destinations.join(', ') || 'none'}.
      </Text>
      {isAdmin && <Switches rules={rules.rules} onSave={save} onFault={setFault} />}
      <JsonInput
        aria-label="Rules as JSON"
        value={text}
        onChange={setText}
        readOnly={!isAdmin}
        autosize
        minRows={14}
        maxRows={36}
        validationError="This is not JSON yet"
        styles={{ input: { fontFamily: 'var(--mantine-font-family-monospace)', fontSize: 13 } }}
      />
      <Fault text={fault} />
      {isAdmin && (
        <Group mt="sm">
          <ActionButton
            variant="filled"
            size="sm"
            act={async () => await save(JSON.parse(text))}
            onFault={setFault}
          >
            Save rules
          </ActionButton>
          {!rules.areShipped && (
            <ActionButton size="sm" act={async () => await save(null)} onFault={setFault}>
              Back to the shipped rules
            </ActionButton>
          )}
        </Group>
      )}
    </Card>
  );
}

/** What comes before the pixels is enough for the rules, and no more is sent. */
const headBytes = 4_000_000;

function Tester({ isAdmin }: { isAdmin: boolean }): ReactNode {
  const [test, setTest] = useState<RuleTest | null>(null);
  const [fault, setFault] = useState<string | null>(null);
  const show = (work: Promise<RuleTest>): void => {
    setFault(null);
    work.then(setTest, (error: unknown) => setFault(messageOf(error)));
  };
  const tryFile = (file: File | null): void => {
    if (file !== null)
      show(send<RuleTest>('POST', '/api/rules/test/file', file.slice(0, headBytes, 'application/dicom')));
  };
  return (
    <Card withBorder component="section" aria-label="Tester">
      <Title order={2} fz="md">
        Try the saved rules
      </Title>
      <Stack gap="xs">
        {isAdmin && (
          <FileInput label="On a DICOM file" placeholder="Choose a file" onChange={tryFile} clearable />
        )}
        <RecentSeries onChoose={(id) => show(get<RuleTest>(`/api/rules/test/series/${id}`))} />
        <Fault text={fault} />
        {test !== null && (
          <div role="status">
            <Text fw={700} mt="xs">
              {test.about}: {test.takenBy === null ? 'no rule takes it' : `taken by "${test.takenBy}"`}
            </Text>
            {test.explanations.map((one) => (
              <ExplanationList key={one.rule} explanation={one} />
            ))}
          </div>
        )}
      </Stack>
    </Card>
  );
}

function RecentSeries({ onChoose }: { onChoose: (id: string) => void }): ReactNode {
  const [studies, setStudies] = useState<StudyPage['studies']>([]);
  useEffect(() => {
    get<StudyPage>('/api/studies?limit=30').then(
      (page) => setStudies(page.studies),
      () => setStudies([]),
    );
  }, []);
  const choices = studies.flatMap((study) =>
    study.series.map((one) => ({
      value: String(one.id),
      label: `${nameText(study.patientName)}: ${one.modality} ${one.description}`,
    })),
  );
  return (
    <NativeSelect
      label="On a received series"
      data={[{ value: '', label: 'Choose a series' }, ...choices]}
      onChange={(event) => {
        if (event.currentTarget.value !== '') onChoose(event.currentTarget.value);
      }}
    />
  );
}
