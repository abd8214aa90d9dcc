import { Button, Card, Grid, Group, SegmentedControl, Slider, Stack, Text, Title } from '@mantine/core';
import { useEffect, useState, type ReactNode } from 'react';
import type { Analysis, Finding, Reading, SeriesDetail } from '../../contract.ts';
import { useApi } from '../api.ts';
import { Fault } from '../parts/fault.tsx';
import { measure, slicesText } from '../parts/finding-table.tsx';
import { Heading } from '../parts/heading.tsx';
import { SliceCurveFigure } from '../parts/slice-curve.tsx';
import { StateBadge } from '../parts/state-badge.tsx';
import { nameText, percentText, probabilityText } from '../parts/text.ts';
import { Link } from '../router.tsx';
import { ComparisonLines } from '../parts/comparison-lines.tsx';
import { Compare, PriorScene, SceneCanvas, headline, type Other } from '../viewer/prior.tsx';
import { MapRating, OpinionButtons, type ReadingProps } from '../viewer/readings.tsx';
import type { Scene, View } from '../viewer/scene.ts';
import { firstThreshold, useScene } from '../viewer/use-scene.ts';

/** Source, map and findings of a series, in slices and in 3D. */
export function ViewerPage({ seriesId, reader }: { seriesId: string; reader: string }): ReactNode {
  const { data, fault } = useApi<SeriesDetail>(`/api/series/${seriesId}`, ['analysis']);
  if (data === null) return <Fault text={fault} />;
  return <Viewer detail={data} analysis={data.analyses[0] ?? null} reader={reader} />;
}

function Viewer({
  detail,
  analysis,
  reader,
}: {
  detail: SeriesDetail;
  analysis: Analysis | null;
  reader: string;
}): ReactNode {
  const opened = useScene(detail.id, analysis);
  const { scene, fault } = opened;
  const [prior, setPrior] = useState<Other | null>(null);
  useEffect(() => {
    if (scene === null || analysis === null) return;
    scene.setMarks(analysis.findings);
    const [first] = analysis.findings;
    const place = first === undefined ? null : placeToShow(first);
    if (place !== null) scene.jumpTo(place);
  }, [scene, analysis]);
  return (
    <>
      <Heading text={`${nameText(detail.patientName)}: ${detail.description || detail.modality}`}>
        <StateBadge state={detail.state} />
        <Link to={`/series/${detail.id}`}>Path and results</Link>
      </Heading>
      <Fault text={fault} />
      <Grid gap="sm">
        <Grid.Col span={{ base: 12, md: 8, xl: 9 }}>
          <div className={prior === null ? undefined : 'viewer-pair'}>
            <div>
              <SceneCanvas opened={opened} label="Slices and 3D picture" />
              <Text fz="sm" className="mono" aria-live="off" mt={4}>
                {placeText(opened.place)}
              </Text>
            </div>
            {prior !== null && <PriorScene key={prior.id} prior={prior} scene={scene} />}
          </div>
        </Grid.Col>
        <Grid.Col span={{ base: 12, md: 4, xl: 3 }}>
          <Compare others={detail.others} chosen={prior} onChoose={setPrior} />
          <Side detail={detail} analysis={analysis} scene={scene} reader={reader} />
        </Grid.Col>
      </Grid>
    </>
  );
}

/** A place in the patient in the words of the PACS: mm to the left or right, and so on. */
function placeText(place: readonly number[] | null): string {
  if (place === null) return 'Loading the pictures';
  const [left = 0, posterior = 0, superior = 0] = place;
  const part = (value: number, plus: string, minus: string): string =>
    `${value >= 0 ? plus : minus} ${Math.abs(value).toFixed(1)}`;
  return `${part(left, 'L', 'R')}  ${part(posterior, 'P', 'A')}  ${part(superior, 'S', 'I')} mm`;
}

function Side({
  detail,
  analysis,
  scene,
  reader,
}: {
  detail: SeriesDetail;
  analysis: Analysis | null;
  scene: Scene | null;
  reader: string;
}): ReactNode {
  const url = analysis === null ? null : `/api/analyses/${analysis.id}/readings`;
  const { data, reload } = useApi<Reading[]>(url);
  if (analysis === null)
    return (
      <Text>This series has no result{detail.reason === null ? ' yet' : `: ${detail.reason.text}`}.</Text>
    );
  const shared = { analysisId: analysis.id, readings: data ?? [], reader, onSaved: reload };
  return (
    <Stack gap="sm">
      <Views scene={scene} hasMap={analysis.hasMap} />
      <Title order={2} fz="md">
        {headline(analysis)}
      </Title>
      {analysis.reason !== null && <Text>{analysis.reason.text}</Text>}
      <ComparisonLines analysis={analysis} />
      {analysis.sliceCurve !== null && (
        <SliceCurveFigure curve={analysis.sliceCurve} onSlice={(centre) => scene?.jumpTo(centre)} />
      )}
      {data !== null &&
        analysis.findings.map((finding) => (
          <FindingCard key={finding.number} finding={finding} scene={scene} shared={shared} />
        ))}
      {analysis.hasMap && <MapRating {...shared} />}
      <Text fz="xs" c="dimmed">
        {analysis.bundle}. Not a diagnosis.
      </Text>
    </Stack>
  );
}

function FindingCard({
  finding,
  scene,
  shared,
}: {
  finding: Finding;
  scene: Scene | null;
  shared: ReadingProps;
}): ReactNode {
  const { number } = finding;
  const centreLpsMm = placeToShow(finding);
  return (
    <Card withBorder p="sm" component="section" aria-label={`Finding ${number}`}>
      <Group justify="space-between" wrap="nowrap">
        <Text fw={600}>
          {number}. {finding.place}
        </Text>
        {centreLpsMm !== null && (
          <Button size="compact-sm" onClick={() => scene?.jumpTo(centreLpsMm)} disabled={scene === null}>
            Show {number}
          </Button>
        )}
      </Group>
      <Text fz="sm">
        {[
          finding.kind,
          probabilityText(finding.probability),
          measure(finding.maxDiameterMm, 1, 'mm'),
          measure(finding.volumeMm3, 0, 'mm³'),
        ]
          .filter((text) => text !== '')
          .join(', ')}
      </Text>
      {finding.slices.length > 0 && <Text fz="sm">Slices {slicesText(finding.slices)}</Text>}
      {finding.growth !== null && <Text fz="sm">{finding.growth}</Text>}
      <OpinionButtons number={number} {...shared} />
    </Card>
  );
}

/** Its centre; without one, the middle of the slice that shows it best. */
function placeToShow({ centreLpsMm, slices }: Finding): readonly number[] | null {
  if (centreLpsMm !== null) return centreLpsMm;
  const best = [...slices].sort((a, b) => b.probability - a.probability)[0];
  return best?.centreLpsMm ?? null;
}

const viewNames: readonly { value: View; label: string }[] = [
  { value: 'all', label: 'All' },
  { value: 'axial', label: 'Axial' },
  { value: 'coronal', label: 'Coronal' },
  { value: 'sagittal', label: 'Sagittal' },
  { value: '3d', label: '3D' },
];

function Views({ scene, hasMap }: { scene: Scene | null; hasMap: boolean }): ReactNode {
  const [view, setView] = useState<View>('all');
  const [threshold, setThreshold] = useState(firstThreshold);
  const [opacity, setOpacity] = useState(0.5);
  const changeView = (value: View): void => {
    setView(value);
    scene?.show(value);
  };
  const changeThreshold = (value: number): void => {
    setThreshold(value);
    scene?.setThreshold(value);
  };
  const changeOpacity = (value: number): void => {
    setOpacity(value);
    scene?.setMapOpacity(value);
  };
  return (
    <div>
      <SegmentedControl
        fullWidth
        size="xs"
        aria-label="View"
        data={[...viewNames]}
        value={view}
        onChange={(value) => changeView(value)}
      />
      {hasMap && (
        <>
          <SliderLine label="Map from probability" value={threshold} onChange={changeThreshold} />
          <SliderLine label="Map opacity" value={opacity} onChange={changeOpacity} />
        </>
      )}
    </div>
  );
}

function SliderLine({
  label,
  value,
  onChange,
}: {
  label: string;
  value: number;
  onChange: (value: number) => void;
}): ReactNode {
  return (
    <Group gap="xs" mt="xs" wrap="nowrap">
      <Text fz="sm" w={160}>
        {label}
      </Text>
      <Slider
        flex={1}
        min={0}
        max={1}
        step={0.01}
        value={value}
        onChange={onChange}
        label={percentText}
        thumbLabel={label}
      />
    </Group>
  );
}
