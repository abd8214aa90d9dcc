import { NativeSelect, Text } from '@mantine/core';
import { useEffect, type ReactNode } from 'react';
import type { Analysis, SeriesDetail } from '../../contract.ts';
import { useApi } from '../api.ts';
import { Fault } from '../parts/fault.tsx';
import { dateText } from '../parts/text.ts';
import type { Scene } from './scene.ts';
import { StageView } from './stage.tsx';
import { useScene } from './use-scene.ts';

export type Other = SeriesDetail['others'][number];

/** The earlier series beside this one, with its own result; both turn and scroll together, in mm. */
export function PriorScene({ prior, scene }: { prior: Other; scene: Scene | null }): ReactNode {
  const { data, fault } = useApi<SeriesDetail>(`/api/series/${prior.id}`);
  if (data === null) return <Fault text={fault} />;
  return <OpenedPrior detail={data} prior={prior} scene={scene} />;
}

function OpenedPrior({
  detail,
  prior,
  scene,
}: {
  detail: SeriesDetail;
  prior: Other;
  scene: Scene | null;
}): ReactNode {
  const analysis = detail.analyses[0] ?? null;
  const opened = useScene(detail, analysis);
  useEffect(() => {
    if (opened.scene === null || scene === null) return;
    if (analysis !== null) opened.scene.setMarks(analysis.findings);
    scene.follow(opened.scene);
    opened.scene.follow(scene);
    return () => {
      scene.follow(null);
      opened.scene?.follow(null);
    };
  }, [opened.scene, scene, analysis]);
  return (
    <section aria-label={`Prior of ${dateText(prior.studyDate)}`}>
      <StageView opened={opened} label={`Prior of ${dateText(prior.studyDate)}`} />
      <Text fz="sm" mt={4}>
        Prior of {dateText(prior.studyDate)}: {analysis === null ? 'no result' : headline(analysis)}. Not
        registered: places agree only where the head lay alike.
      </Text>
      <Fault text={opened.fault} />
    </section>
  );
}

/** Which earlier series stands beside. */
export function Compare({
  others,
  chosen,
  onChoose,
}: {
  others: readonly Other[];
  chosen: Other | null;
  onChoose: (prior: Other | null) => void;
}): ReactNode {
  if (others.length === 0) return null;
  return (
    <NativeSelect
      mb="sm"
      label="Compare with"
      value={String(chosen?.id ?? '')}
      data={[
        { value: '', label: 'nothing' },
        ...others.map((one) => ({
          value: String(one.id),
          label: `${dateText(one.studyDate)} ${one.description}`,
        })),
      ]}
      onChange={(event) =>
        onChoose(others.find(({ id }) => String(id) === event.currentTarget.value) ?? null)
      }
    />
  );
}

/** What an analysis says, in a line. */
export function headline(analysis: Analysis): string {
  if (analysis.state === 'not-analysed') return `Not analysed: ${analysis.reason?.code ?? ''}`;
  if (analysis.state === 'no-findings') return 'No findings above the threshold';
  return `${analysis.findings.length} ${analysis.findings.length === 1 ? 'finding' : 'findings'}`;
}
