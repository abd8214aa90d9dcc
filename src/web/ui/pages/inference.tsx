import {
  Badge,
  Button,
  Card,
  FileButton,
  Group,
  Image,
  NativeSelect,
  NumberInput,
  Stack,
  Text,
  Title,
} from '@mantine/core';
import { useState, type ReactNode } from 'react';
import type { Bundle, InferenceRun } from '../../contract.ts';
import { sendForm, messageOf, useApi } from '../api.ts';
import { Fault } from '../parts/fault.tsx';
import { FindingTable } from '../parts/finding-table.tsx';
import { Heading } from '../parts/heading.tsx';
import { StateBadge } from '../parts/state-badge.tsx';
import { timeText } from '../parts/text.ts';

/** A pipeline on files of one's own, with other numbers; nothing of it is stored in the archive or sent anywhere. */
export function InferencePage(): ReactNode {
  const runs = useApi<InferenceRun[]>('/api/inference', ['operation']);
  const bundles = useApi<Bundle[]>('/api/bundles');
  return (
    <>
      <Heading text="Inference" />
      <Text mb="md">
        Files are analysed and forgotten: they do not enter the archive, and no result is sent anywhere.
      </Text>
      <Fault text={runs.fault ?? bundles.fault} />
      <Stack>
        {bundles.data !== null && (
          <NewRun bundles={bundles.data.filter(({ refused }) => refused === null)} onStarted={runs.reload} />
        )}
        {(runs.data ?? []).map((run) => (
          <RunCard key={run.id} run={run} />
        ))}
      </Stack>
    </>
  );
}

function NewRun({ bundles, onStarted }: { bundles: readonly Bundle[]; onStarted: () => void }): ReactNode {
  const [name, setName] = useState(bundles[0]?.name ?? '');
  const [changed, setChanged] = useState<Readonly<Record<string, number>>>({});
  const [files, setFiles] = useState<readonly File[]>([]);
  const [fault, setFault] = useState<string | null>(null);
  const [isBusy, setBusy] = useState(false);
  const bundle = bundles.find((one) => one.name === name);
  const pipeline = bundle?.pipeline ?? '';
  const start = (): void => {
    setBusy(true);
    setFault(null);
    sendForm('/api/inference', { pipeline, bundle: name, parameters: JSON.stringify(changed) }, files)
      .then(onStarted, (error: unknown) => setFault(messageOf(error)))
      .finally(() => setBusy(false));
  };
  return (
    <Card withBorder component="section" aria-label="New run">
      <Group align="end">
        <NativeSelect
          label="Pipeline"
          data={bundles.map((one) => ({ value: one.name, label: `${one.title} ${one.version}` }))}
          value={name}
          onChange={(event) => {
            setName(event.currentTarget.value);
            setChanged({});
          }}
        />
        {Object.entries(bundle?.parameters ?? {}).map(([parameter, value]) => (
          <NumberInput
            key={`${name} ${parameter}`}
            label={wordsOf(parameter)}
            w={230}
            defaultValue={value}
            onChange={(next) => setChanged((before) => ({ ...before, [parameter]: Number(next) }))}
          />
        ))}
      </Group>
      <Group mt="md">
        <Chooser onChoose={setFiles} />
        <Button onClick={start} loading={isBusy} disabled={files.length === 0}>
          Run
        </Button>
        <Text fz="sm" role="status">
          {files.length === 0 ? 'DICOM files, a folder, or a ZIP archive' : `${files.length} files chosen`}
        </Text>
      </Group>
      <Fault text={fault} />
    </Card>
  );
}

function Chooser({ onChoose }: { onChoose: (files: readonly File[]) => void }): ReactNode {
  return (
    <>
      <FileButton onChange={onChoose} multiple inputProps={{ 'aria-label': 'Files or ZIP archive' }}>
        {(props) => (
          <Button variant="default" {...props}>
            Choose files or ZIP
          </Button>
        )}
      </FileButton>
      <FileButton
        onChange={onChoose}
        multiple
        inputProps={{ 'aria-label': 'Folder', webkitdirectory: '' } as object}
      >
        {(props) => (
          <Button variant="default" {...props}>
            Choose a folder
          </Button>
        )}
      </FileButton>
    </>
  );
}

function RunCard({ run }: { run: InferenceRun }): ReactNode {
  const changed = Object.entries(run.parameters);
  return (
    <Card withBorder component="section" aria-label={`Run of ${timeText(run.startedAt)}`}>
      <Group justify="space-between">
        <Title order={2} fz="md">
          {run.pipeline}, {timeText(run.startedAt)}, by {run.by}
        </Title>
        <Badge color={run.state === 'failed' ? '#b02525' : 'gray.7'} tt="none" variant="filled">
          {run.state}
        </Badge>
      </Group>
      <Text fz="sm" c="dimmed">
        {changed.length === 0
          ? 'Parameters as shipped'
          : changed.map(([name, value]) => `${wordsOf(name)} ${value}`).join(', ')}
        {run.said === '' ? '' : `. ${run.said}`}
      </Text>
      {run.series.map((series, index) => (
        <div key={index}>
          <Group my="xs">
            <StateBadge state={series.state} />
            <Text>
              {series.description}, {series.instances} files, {series.bundle}
            </Text>
          </Group>
          {series.reason !== null && (
            <Text>
              <b>{series.reason.code}</b>: {series.reason.text}
            </Text>
          )}
          {series.findings.length > 0 && <FindingTable findings={series.findings} />}
          {series.pictures.map((kind, picture) => (
            <Image
              key={picture}
              mt="sm"
              maw={1000}
              src={`/api/inference/${run.id}/${index}/${picture}`}
              alt={`${kind} of ${series.description}: ${series.findings.length} findings`}
            />
          ))}
        </div>
      ))}
    </Card>
  );
}

/** operatingPoint.findingThreshold -> finding threshold; operatingPoint.thresholds.subdural -> threshold subdural */
function wordsOf(name: string): string {
  return name
    .replace(/^\w+\./, '')
    .replace(/^thresholds\./, 'threshold ')
    .replace(/([a-z])([A-Z])/g, '$1 $2')
    .toLowerCase();
}
