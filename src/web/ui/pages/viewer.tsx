import { Button, Card, Grid, Group, Stack, Text, Title } from '@mantine/core';
import { useEffect, useState, type ReactNode } from 'react';
import type { Analysis, Bundle, Finding, NetworkInput, Reading, SeriesDetail } from '../../contract.ts';
import { useApi } from '../api.ts';
import { Fault } from '../parts/fault.tsx';
import { measure, slicesText } from '../parts/finding-table.tsx';
import { Heading } from '../parts/heading.tsx';
import { SliceCurveFigure } from '../parts/slice-curve.tsx';
import { StateBadge } from '../parts/state-badge.tsx';
import { nameText, probabilityText } from '../parts/text.ts';
import { Link } from '../router.tsx';
import { CloseUp } from '../viewer/close-up.tsx';
import { Compare, PriorScene, headline, type Other } from '../viewer/prior.tsx';
import { MapRating, OpinionButtons, type ReadingProps } from '../viewer/readings.tsx';
import type { Scene } from '../viewer/scene.ts';
import { StageView } from '../viewer/stage.tsx';
import { useScene, type OpenScene } from '../viewer/use-scene.ts';
import { Views } from '../viewer/views.tsx';

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
  const opened = useScene(detail, analysis);
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
              <StageView opened={opened} label="Slices and 3D picture" />
              <Text fz="sm" className="mono" aria-live="off" mt={4}>
                {placeText(opened.place)}
              </Text>
            </div>
            {prior !== null && <PriorScene key={prior.id} prior={prior} scene={scene} />}
          </div>
        </Grid.Col>
        <Grid.Col span={{ base: 12, md: 4, xl: 3 }}>
          <Compare others={detail.others} chosen={prior} onChoose={setPrior} />
          <Side {...{ detail, analysis, reader, opened }} />
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
  reader,
  opened: { scene, place },
}: {
  detail: SeriesDetail;
  analysis: Analysis | null;
  reader: string;
  opened: OpenScene;
}): ReactNode {
  const url = analysis === null ? null : `/api/analyses/${analysis.id}/readings`;
  const { data, reload } = useApi<Reading[]>(url);
  // checking the bundles' files takes the node a moment: it is asked when the pictures are there
  const bundles = useApi<Bundle[]>(scene === null ? null : '/api/bundles');
  if (analysis === null)
    return (
      <Text>This series has no result{detail.reason === null ? ' yet' : `: ${detail.reason.text}`}.</Text>
    );
  const input =
    bundles.data?.find((one) => `${one.id} ${one.version}` === analysis.bundle)?.networkInput ?? null;
  const shared = { analysisId: analysis.id, readings: data ?? [], reader, onSaved: reload };
  return (
    <Stack gap="sm">
      <Views scene={scene} modality={detail.modality} pipeline={analysis.pipeline} hasMap={analysis.hasMap} />
      <Title order={2} fz="md">
        {headline(analysis)}
      </Title>
      {analysis.reason !== null && <Text>{analysis.reason.text}</Text>}
      {analysis.sliceCurve !== null && (
        <SliceCurveFigure
          curve={analysis.sliceCurve}
          placeLpsMm={place}
          onSlice={(centre) => scene?.jumpTo(centre)}
        />
      )}
      {data !== null &&
        analysis.findings.map((finding) => (
          <FindingCard key={finding.number} {...{ finding, scene, input, shared }} />
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
  input,
  shared,
}: {
  finding: Finding;
  scene: Scene | null;
  input: NetworkInput | null;
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
          <Button
            size="compact-sm"
            flex="none"
            onClick={() => scene?.jumpTo(centreLpsMm)}
            disabled={scene === null}
          >
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
      {finding.centreLpsMm !== null && scene !== null && (
        <CloseUp scene={scene} centreLpsMm={finding.centreLpsMm} input={input} />
      )}
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
