import { Group, Text } from '@mantine/core';
import { useEffect, useRef, type ReactNode } from 'react';
import type { PlaneName } from './plane.ts';
import type { Scene } from './scene.ts';

/** What the patch network looks at: 32 voxels of 1 mm (models/tof-patch/CARD.md). */
const sideMm = 32;
const names = ['axial', 'coronal', 'sagittal'] as const;

/** The cube of 32 mm around a place, one picture a plane. */
export function CloseUp({ scene, centreLpsMm }: { scene: Scene; centreLpsMm: readonly number[] }): ReactNode {
  return (
    <figure className="viewer-close-up">
      <Group gap={4} wrap="nowrap">
        {names.map((name) => (
          <CloseUpPlane key={name} {...{ scene, centreLpsMm, name }} />
        ))}
      </Group>
      <Text component="figcaption" fz="xs" c="dimmed">
        {sideMm} × {sideMm} × {sideMm} mm around it: {names.join(', ')}
      </Text>
    </figure>
  );
}

function CloseUpPlane({
  scene,
  centreLpsMm,
  name,
}: {
  scene: Scene;
  centreLpsMm: readonly number[];
  name: PlaneName;
}): ReactNode {
  const canvas = useRef<HTMLCanvasElement>(null);
  useEffect(() => {
    if (canvas.current !== null) scene.drawCloseUp(canvas.current, name, centreLpsMm, sideMm);
  }, [scene, centreLpsMm, name]);
  return (
    <canvas ref={canvas} width={192} height={192} role="img" aria-label={`${name}, ${sideMm} mm around it`} />
  );
}
