import { Group, Text } from '@mantine/core';
import { useEffect, useRef, type ReactNode } from 'react';
import type { NetworkInput } from '../../contract.ts';
import type { PlaneName } from './plane.ts';
import type { Scene } from './scene.ts';

const names = ['axial', 'coronal', 'sagittal'] as const;
const usualMm = 32;

/** What lies around a finding, one picture a plane, as far as the network that judged it sees; 32 mm where that is not known. */
export function CloseUp({
  scene,
  centreLpsMm,
  input,
}: {
  scene: Scene;
  centreLpsMm: readonly number[];
  input: NetworkInput | null;
}): ReactNode {
  const sideMm = input === null ? usualMm : input.voxels[0]! * input.spacingMm;
  return (
    <figure className="viewer-close-up" aria-label={`${sideMm} mm around it`}>
      <Group gap={4} wrap="nowrap">
        {names.map((name) => (
          <CloseUpPlane key={name} {...{ scene, centreLpsMm, name, sideMm }} />
        ))}
      </Group>
      <Text component="figcaption" fz="xs" c="dimmed">
        {sideMm} mm around it: {names.join(', ')}.
        {input !== null &&
          ` The network sees ${input.voxels.join(' × ')} voxels of ${input.spacingMm} mm at a time.`}
      </Text>
    </figure>
  );
}

function CloseUpPlane({
  scene,
  centreLpsMm,
  name,
  sideMm,
}: {
  scene: Scene;
  centreLpsMm: readonly number[];
  name: PlaneName;
  sideMm: number;
}): ReactNode {
  const canvas = useRef<HTMLCanvasElement>(null);
  useEffect(() => {
    if (canvas.current !== null) scene.drawCloseUp(canvas.current, name, centreLpsMm, sideMm);
  }, [scene, centreLpsMm, name, sideMm]);
  return (
    <canvas ref={canvas} width={192} height={192} role="img" aria-label={`${name}, ${sideMm} mm around it`} />
  );
}
