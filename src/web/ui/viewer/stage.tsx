import type { ReactNode } from 'react';
import type { SolidState } from './scene.ts';
import { steer, type OpenScene } from './use-scene.ts';

/** Where a scene is drawn: three planes and the 3D picture; the keyboard steers it. */
export function StageView({ opened, label }: { opened: OpenScene; label: string }): ReactNode {
  const { root, scene, solid } = opened;
  const told = solidText(solid);
  return (
    <div
      ref={root}
      className="viewer-stage"
      tabIndex={0}
      role="group"
      aria-label={`${label}. Arrow keys scroll, A and P go to the front and back, plus and minus zoom, shift with arrows turns the 3D picture.`}
      data-view="all"
      data-ready={scene !== null}
      data-solid={solid.kind}
      onKeyDown={(event) => steer(scene, event)}
    >
      {(['axial', 'coronal', 'sagittal'] as const).map((name) => (
        <div key={name} className="viewer-tile" data-tile={name}>
          <canvas data-plane={name} role="img" aria-label={`${name} slice`} />
        </div>
      ))}
      <div className="viewer-tile" data-tile="3d">
        <canvas data-plane="solid" role="img" aria-label="3D picture" />
        {told !== null && <p className="viewer-told">{told}</p>}
      </div>
    </div>
  );
}

/** Honest about what is drawn coarser than the series is. */
function solidText(state: SolidState): string | null {
  if (state.kind === 'loading') return '3D is being drawn';
  if (state.kind === 'fault') return state.text;
  const { factors } = state;
  if (factors.every((factor) => factor === 1)) return null;
  return `3D drawn coarser than the series: the brightest of ${factors.join(' × ')} voxels`;
}
