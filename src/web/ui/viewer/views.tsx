import { Group, NativeSelect, SegmentedControl, Slider, Text } from '@mantine/core';
import { useState, type ReactNode } from 'react';
import { percentText } from '../parts/text.ts';
import type { Scene, View } from './scene.ts';
import { firstOpacity, firstThreshold } from './use-scene.ts';
import { firstWindow, windowsOf } from './windows.ts';

const viewNames: readonly { value: View; label: string }[] = [
  { value: 'all', label: 'All' },
  { value: 'axial', label: 'Axial' },
  { value: 'coronal', label: 'Coronal' },
  { value: 'sagittal', label: 'Sagittal' },
  { value: '3d', label: '3D' },
];

/** Which planes, which window, and how the map lies over them. */
export function Views({
  scene,
  modality,
  pipeline,
  hasMap,
}: {
  scene: Scene | null;
  modality: string;
  pipeline: string;
  hasMap: boolean;
}): ReactNode {
  const [view, setView] = useState<View>('all');
  const changeView = (value: View): void => {
    setView(value);
    scene?.show(value);
  };
  const windows = windowsOf(modality);
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
      {windows.length > 0 && (
        <NativeSelect
          mt="xs"
          size="xs"
          label="Window"
          data={windows.map(({ name }) => name)}
          defaultValue={firstWindow(modality, pipeline)?.name}
          onChange={({ currentTarget: { value } }) =>
            scene?.setWindow(windows.find(({ name }) => name === value) ?? null)
          }
        />
      )}
      {hasMap && <MapLines scene={scene} pipeline={pipeline} />}
    </div>
  );
}

/** What the map is, from which probability on it is drawn, and how opaque. */
function MapLines({ scene, pipeline }: { scene: Scene | null; pipeline: string }): ReactNode {
  const [threshold, setThreshold] = useState(firstThreshold);
  const [opacity, setOpacity] = useState(firstOpacity);
  const changeThreshold = (value: number): void => {
    setThreshold(value);
    scene?.setThreshold(value);
  };
  const changeOpacity = (value: number): void => {
    setOpacity(value);
    scene?.setMapOpacity(value);
  };
  return (
    <>
      <Text fz="sm" mt="xs">
        Map: {mapName(pipeline)}
      </Text>
      <SliderLine label="Map from probability" value={threshold} onChange={changeThreshold} />
      <SliderLine label="Map opacity" value={opacity} onChange={changeOpacity} />
    </>
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

/** What the colours say: of networks that judge whole pictures, an explanation and no outline. */
function mapName(pipeline: string): string {
  if (pipeline === 'cta-resnet') return 'Grad-CAM at each place judged, its peak the place’s probability';
  if (pipeline === 'ncct-haemorrhage') return 'Grad-CAM++ of each slice, its peak the slice’s probability';
  return 'probability of each voxel';
}
