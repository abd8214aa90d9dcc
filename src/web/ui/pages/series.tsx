import {
  Card,
  Group,
  List,
  NativeSelect,
  SimpleGrid,
  Stack,
  Text,
  ThemeIcon,
  Timeline,
  Title,
} from '@mantine/core';
import { useState, type ReactNode } from 'react';
import type { Analysis, Explanation, PathStep, SeriesDetail, Devices } from '../../contract.ts';
import { send, useApi } from '../api.ts';
import { ActionButton } from '../parts/action-button.tsx';
import { ComparisonLines } from '../parts/comparison-lines.tsx';
import { FindingTable } from '../parts/finding-table.tsx';
import { Fault } from '../parts/fault.tsx';
import { Heading } from '../parts/heading.tsx';
import { SliceCurveFigure } from '../parts/slice-curve.tsx';
import { StateBadge } from '../parts/state-badge.tsx';
import { bytesText, dateText, nameText, timeText } from '../parts/text.ts';
import { Link } from '../router.tsx';

/** One series: its way through the node, what was found, and why each rule did or did not take it. */
export function SeriesPage({ id, isAdmin }: { id: string; isAdmin: boolean }): ReactNode {
  const { data, fault, reload } = useApi<SeriesDetail>(`/api/series/${id}`, [
    'instance',
    'series',
    'analysis',
    'delivery',
    'job',
  ]);
  const [failed, setFailed] = useState<string | null>(null);
  if (data === null) return <Fault text={fault} />;
  return (
    <>
      <Heading text={nameText(data.patientName)}>
        <Link to={`/viewer/${id}`} fw={600}>
          Open in the viewer
        </Link>
      </Heading>
      <Group mb="md" gap="md">
        <StateBadge state={data.state} />
        <Text>
          {data.modality} {data.description}, {data.instances} instances, {bytesText(data.sizeBytes)}, from{' '}
          {data.caller}
        </Text>
        <Text c="dimmed" className="mono">
          {data.patientId} {dateText(data.studyDate)}
        </Text>
      </Group>
      <Fault text={failed ?? fault} />
      <SimpleGrid cols={{ base: 1, lg: 2 }}>
        <Path steps={data.path} isAdmin={isAdmin} onFault={setFailed} onDone={reload} />
        <Rules explanations={data.explanations} />
      </SimpleGrid>
      <Stack mt="md">
        {data.analyses.map((analysis) => (
          <AnalysisCard key={analysis.id} analysis={analysis} isAdmin={isAdmin} onFault={setFailed} />
        ))}
        {isAdmin && <Again detail={data} onFault={setFailed} />}
      </Stack>
    </>
  );
}

const stepColours: Readonly<Record<PathStep['state'], string>> = {
  done: 'green',
  waiting: 'gray',
  running: 'blue',
  failed: 'orange',
  stopped: 'red',
};

function Path({
  steps,
  isAdmin,
  onFault,
  onDone,
}: {
  steps: readonly PathStep[];
  isAdmin: boolean;
  onFault: (text: string | null) => void;
  onDone: () => void;
}): ReactNode {
  return (
    <Card withBorder component="section" aria-label="Path of the series">
      <Title order={2} fz="md" mb="sm">
        Path
      </Title>
      <Timeline bulletSize={18} active={steps.length}>
        {steps.map((step, index) => (
          <Timeline.Item
            key={`${step.stage}${step.jobId ?? index}`}
            title={step.title}
            color={stepColours[step.state]}
            bullet={<ThemeIcon size={18} radius="xl" color={stepColours[step.state]} aria-hidden />}
          >
            <Text fz="sm" className="wrap">
              {step.state === 'done' ? '' : `${step.state}. `}
              {step.detail}
            </Text>
            <Text fz="xs" c="dimmed" className="mono">
              {timeText(step.startedAt)}
              {step.finishedAt === null ? '' : ` - ${timeText(step.finishedAt).slice(11)}`}
            </Text>
            {isAdmin && step.canRetry && (
              <ActionButton
                act={async () => await send('POST', `/api/jobs/${step.jobId ?? 0}/retry`).then(onDone)}
                onFault={onFault}
              >
                Try again
              </ActionButton>
            )}
          </Timeline.Item>
        ))}
      </Timeline>
    </Card>
  );
}

function Rules({ explanations }: { explanations: readonly Explanation[] }): ReactNode {
  return (
    <Card withBorder component="section" aria-label="Rules">
      <Title order={2} fz="md" mb="sm">
        Rules, as they are now
      </Title>
      {explanations.map((one) => (
        <ExplanationList key={one.rule} explanation={one} />
      ))}
    </Card>
  );
}

/** Each condition of a rule, and whether it holds: in words, not in colours alone. */
export function ExplanationList({ explanation }: { explanation: Explanation }): ReactNode {
  return (
    <div>
      <Text fw={600}>
        {explanation.rule}: {explanation.matches ? 'takes it' : 'does not take it'}
      </Text>
      <List fz="sm" spacing={2} listStyleType="none" withPadding={false} mb="sm">
        {explanation.lines.map((line) => (
          <List.Item key={line.condition}>
            <Text span fz="sm" fw={700} c={line.holds ? '#226f31' : '#b02525'} darkHidden>
              {line.holds ? 'yes ' : 'NO '}
            </Text>
            <Text span fz="sm" fw={700} c={line.holds ? 'green.4' : 'red.4'} lightHidden>
              {line.holds ? 'yes ' : 'NO '}
            </Text>
            {line.condition}{' '}
            <Text span fz="sm" c="dimmed" className="wrap">
              (found {line.found})
            </Text>
          </List.Item>
        ))}
      </List>
    </div>
  );
}

function AnalysisCard({
  analysis,
  isAdmin,
  onFault,
}: {
  analysis: Analysis;
  isAdmin: boolean;
  onFault: (text: string | null) => void;
}): ReactNode {
  const summary = analysis.results.find(({ kind, isPicture }) => isPicture && kind === 'summary');
  return (
    <Card withBorder component="section" aria-label={`Result ${analysis.id}`}>
      <Group justify="space-between">
        <Title order={2} fz="md">
          {analysis.isNewest ? 'Result' : 'Superseded result'} of {timeText(analysis.finishedAt)}, version{' '}
          {analysis.version}
        </Title>
        <Group gap="xs">
          <StateBadge state={analysis.state} />
          {isAdmin && <Resend analysisId={analysis.id} onFault={onFault} />}
        </Group>
      </Group>
      <Text fz="sm" c="dimmed" mb="sm">
        {analysis.bundle}; {analysis.results.length} objects made
      </Text>
      {analysis.reason !== null && (
        <Text>
          <b>{analysis.reason.code}</b>: {analysis.reason.text}
        </Text>
      )}
      {analysis.findings.length > 0 && <FindingTable findings={analysis.findings} />}
      <ComparisonLines analysis={analysis} />
      {analysis.sliceCurve !== null && analysis.isNewest && <SliceCurveFigure curve={analysis.sliceCurve} />}
      {summary !== undefined && analysis.isNewest && (
        <img
          src={`/api/pictures/${summary.sopInstanceUid}?width=1200`}
          alt={`Summary picture: ${analysis.findings.length} findings`}
          style={{
            maxWidth: '100%',
            maxHeight: 720,
            marginTop: 12,
            objectFit: 'contain',
            alignSelf: 'start',
          }}
        />
      )}
    </Card>
  );
}

function Resend({
  analysisId,
  onFault,
}: {
  analysisId: number;
  onFault: (text: string | null) => void;
}): ReactNode {
  const { data } = useApi<Devices>('/api/devices');
  const names = (data?.destinations ?? []).map(({ name }) => name);
  return names.map((name) => (
    <ActionButton
      key={name}
      act={async () => await send('POST', `/api/analyses/${analysisId}/resend`, { destination: name })}
      onFault={onFault}
    >
      Send to {name} again
    </ActionButton>
  ));
}

function Again({
  detail,
  onFault,
}: {
  detail: SeriesDetail;
  onFault: (text: string | null) => void;
}): ReactNode {
  const names = detail.explanations.map(({ rule }) => rule);
  const [rule, setRule] = useState(names[0] ?? '');
  if (names.length === 0) return null;
  return (
    <Card withBorder component="section" aria-label="Analyse again">
      <Group align="end">
        <NativeSelect
          label="Analyse again by the rule"
          data={names}
          value={rule}
          onChange={(event) => setRule(event.currentTarget.value)}
        />
        <ActionButton
          size="sm"
          act={async () => await send('POST', `/api/series/${detail.id}/reprocess`, { rule })}
          onFault={onFault}
        >
          Analyse again
        </ActionButton>
        <Text fz="sm" c="dimmed">
          A new version that names the one it replaces; it goes to the destinations of the rule.
        </Text>
      </Group>
    </Card>
  );
}
