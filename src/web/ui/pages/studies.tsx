import { Button, Group, NativeSelect, Table, Text, TextInput } from '@mantine/core';
import { useDebouncedValue } from '@mantine/hooks';
import { useEffect, useState, type ReactNode } from 'react';
import type { StudyLine, StudyPage } from '../../contract.ts';
import { get, messageOf, useApi } from '../api.ts';
import { Fault } from '../parts/fault.tsx';
import { Heading } from '../parts/heading.tsx';
import { StateBadge } from '../parts/state-badge.tsx';
import { dateText, nameText, timeText } from '../parts/text.ts';
import { Quarantine } from '../parts/quarantine.tsx';
import { Link, usePlace } from '../router.tsx';

const states = [
  { value: '', label: 'Any state' },
  { value: 'receiving', label: 'Receiving' },
  { value: 'queued', label: 'In the queue' },
  { value: 'findings', label: 'Findings' },
  { value: 'no-findings', label: 'No findings' },
  { value: 'not-analysed', label: 'Not analysed' },
];

/** Studies, newest first; words search names, ids, accession numbers and descriptions. */
export function StudiesPage({ isAdmin }: { isAdmin: boolean }): ReactNode {
  const place = usePlace();
  const [search, setSearch] = useState('');
  const [state, setState] = useState(place.searchParams.get('state') ?? '');
  const [words] = useDebouncedValue(search, 200);
  const query = new URLSearchParams({ search: words, ...(state === '' ? {} : { state }) });
  const { data, fault } = useApi<StudyPage>(`/api/studies?${query.toString()}`, ['series', 'analysis']);
  return (
    <>
      <Heading text="Studies" />
      <Quarantine isAdmin={isAdmin} />
      <Group mb="sm" align="end">
        <TextInput
          label="Search"
          description="Name, patient id, accession number, description"
          value={search}
          onChange={(event) => setSearch(event.currentTarget.value)}
          w={380}
          type="search"
        />
        <NativeSelect
          label="State"
          data={states}
          value={state}
          onChange={(event) => setState(event.currentTarget.value)}
        />
      </Group>
      <Fault text={fault} />
      {data !== null && <StudyTable key={query.toString()} first={data} query={query.toString()} />}
    </>
  );
}

function StudyTable({ first, query }: { first: StudyPage; query: string }): ReactNode {
  const [more, setMore] = useState<StudyPage | null>(null);
  const [fault, setFault] = useState<string | null>(null);
  useEffect(() => setMore(null), [query]);
  const studies = [...first.studies, ...(more?.studies ?? [])];
  const next = more === null ? first.next : more.next;
  const load = (): void => {
    get<StudyPage>(`/api/studies?${query}&after=${next ?? ''}`).then(
      (page) =>
        setMore((before) => ({ studies: [...(before?.studies ?? []), ...page.studies], next: page.next })),
      (error: unknown) => setFault(messageOf(error)),
    );
  };
  if (studies.length === 0) return <Text>No study fits.</Text>;
  return (
    <>
      <div className="scroll">
        <Table aria-label="Studies" verticalSpacing="xs">
          <Table.Thead>
            <Table.Tr>
              <Table.Th>Patient</Table.Th>
              <Table.Th>Study</Table.Th>
              <Table.Th>Received</Table.Th>
              <Table.Th>Series</Table.Th>
            </Table.Tr>
          </Table.Thead>
          <Table.Tbody>
            {studies.map((study) => (
              <StudyRow key={study.id} study={study} />
            ))}
          </Table.Tbody>
        </Table>
      </div>
      <Fault text={fault} />
      {next !== null && (
        <Button variant="default" mt="sm" onClick={load}>
          More
        </Button>
      )}
    </>
  );
}

function StudyRow({ study }: { study: StudyLine }): ReactNode {
  return (
    <Table.Tr>
      <Table.Td>
        <Text fw={600}>{nameText(study.patientName)}</Text>
        <Text fz="sm" c="dimmed" className="mono">
          {study.patientId} {study.patientSex} {dateText(study.patientBirthDate)}
        </Text>
      </Table.Td>
      <Table.Td>
        <Text>{study.studyDescription || '(no description)'}</Text>
        <Text fz="sm" c="dimmed" className="mono">
          {dateText(study.studyDate)} {study.accessionNumber}
        </Text>
      </Table.Td>
      <Table.Td>{timeText(study.lastReceivedAt)}</Table.Td>
      <Table.Td>
        {study.series.map((series) => (
          <Group key={series.id} gap="xs" wrap="nowrap" py={2}>
            <StateBadge state={series.state} />
            <Link to={`/series/${series.id}`}>
              {series.modality} {series.description || '(no description)'}
            </Link>
            {series.reason !== null && (
              <Text fz="sm" c="dimmed" className="mono">
                {series.reason.code}
              </Text>
            )}
          </Group>
        ))}
      </Table.Td>
    </Table.Tr>
  );
}
