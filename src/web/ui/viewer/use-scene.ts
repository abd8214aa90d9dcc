import { useEffect, useRef, useState, type KeyboardEvent, type RefObject } from 'react';
import type { Analysis, SeriesDetail } from '../../contract.ts';
import { messageOf } from '../api.ts';
import { openScene, type Scene, type SolidState, type Stage } from './scene.ts';
import { firstWindow } from './windows.ts';

export interface OpenScene {
  /** Holds the canvases of `StageView`. */
  readonly root: RefObject<HTMLDivElement | null>;
  readonly scene: Scene | null;
  readonly solid: SolidState;
  readonly fault: string | null;
  readonly place: readonly number[] | null;
}

export const firstThreshold = 0.3;
export const firstOpacity = 0.5;

/** Opens the pictures of a series in the canvases of a stage, and closes them when the page goes. */
export function useScene(
  series: Pick<SeriesDetail, 'id' | 'modality'>,
  analysis: Analysis | null,
): OpenScene {
  const root = useRef<HTMLDivElement>(null);
  const [scene, setScene] = useState<Scene | null>(null);
  const [solid, setSolid] = useState<SolidState>({ kind: 'loading' });
  const [fault, setFault] = useState<string | null>(null);
  const [place, setPlace] = useState<readonly number[] | null>(null);
  const { id, modality } = series;
  const analysisId = analysis?.id ?? null;
  const pipeline = analysis?.pipeline ?? null;
  const mapUrl = analysis?.hasMap === true ? `/api/analyses/${analysis.id}/map.nii.gz` : null;
  useEffect(() => {
    const element = root.current;
    if (element === null) return;
    const opening = openScene(element, stageOf(element), {
      volumeUrl: `/api/series/${id}/volume.nii`,
      mapUrl,
      threshold: firstThreshold,
      opacity: firstOpacity,
      window: firstWindow(modality, pipeline),
      onPlace: setPlace,
      onSolid: setSolid,
    });
    opening.then(setScene, (error: unknown) => setFault(messageOf(error)));
    return () => {
      setScene(null);
      setSolid({ kind: 'loading' });
      opening.then(
        (opened) => opened.close(),
        (error: unknown) => setFault(messageOf(error)),
      );
    };
  }, [id, modality, pipeline, analysisId, mapUrl]);
  return { root, scene, solid, fault, place };
}

function stageOf(root: HTMLElement): Stage {
  const canvas = (name: keyof Stage): HTMLCanvasElement => root.querySelector(`canvas[data-plane=${name}]`)!;
  return {
    axial: canvas('axial'),
    coronal: canvas('coronal'),
    sagittal: canvas('sagittal'),
    solid: canvas('solid'),
  };
}

const steps: Readonly<Record<string, readonly [number, number, number]>> = {
  ArrowUp: [0, 0, 1],
  ArrowDown: [0, 0, -1],
  PageUp: [0, 0, 5],
  PageDown: [0, 0, -5],
  ArrowLeft: [-1, 0, 0],
  ArrowRight: [1, 0, 0],
  a: [0, -1, 0],
  p: [0, 1, 0],
};
const turns: Readonly<Record<string, readonly [number, number]>> = {
  ArrowUp: [0, 10],
  ArrowDown: [0, -10],
  ArrowLeft: [-10, 0],
  ArrowRight: [10, 0],
};
const zooms: Readonly<Record<string, number>> = { '+': 1.25, '-': 0.8 };

/** Arrow keys scroll the slices; with shift they turn the 3D picture; plus and minus zoom. */
export function steer(scene: Scene | null, event: KeyboardEvent): void {
  const turn = event.shiftKey ? turns[event.key] : undefined;
  const step = event.shiftKey ? undefined : steps[event.key];
  const zoom = zooms[event.key];
  if (scene === null || (turn ?? step ?? zoom) === undefined) return;
  event.preventDefault();
  event.stopPropagation();
  if (turn !== undefined) scene.turn(...turn);
  if (step !== undefined) scene.step(...step);
  if (zoom !== undefined) scene.zoom(zoom);
}
