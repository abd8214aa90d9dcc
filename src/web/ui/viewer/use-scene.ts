import { useEffect, useRef, useState, type KeyboardEvent, type RefObject } from 'react';
import type { Analysis } from '../../contract.ts';
import { messageOf } from '../api.ts';
import { openScene, type Scene } from './scene.ts';

export interface OpenScene {
  readonly canvas: RefObject<HTMLCanvasElement | null>;
  readonly scene: Scene | null;
  readonly fault: string | null;
  readonly place: readonly number[] | null;
}

export const firstThreshold = 0.3;

/** Opens the pictures of a series in a canvas, and closes them when the page goes. */
export function useScene(seriesId: number, analysis: Analysis | null): OpenScene {
  const canvas = useRef<HTMLCanvasElement>(null);
  const [scene, setScene] = useState<Scene | null>(null);
  const [fault, setFault] = useState<string | null>(null);
  const [place, setPlace] = useState<readonly number[] | null>(null);
  const analysisId = analysis?.id ?? null;
  const mapUrl = analysis?.hasMap === true ? `/api/analyses/${analysis.id}/map.nii.gz` : null;
  useEffect(() => {
    const element = canvas.current;
    if (element === null) return;
    const opening = openScene(element, {
      volumeUrl: `/api/series/${seriesId}/volume.nii`,
      mapUrl,
      threshold: firstThreshold,
      onPlace: setPlace,
    });
    opening.then(setScene, (error: unknown) => setFault(messageOf(error)));
    return () => {
      setScene(null);
      opening.then(
        (opened) => opened.close(),
        (error: unknown) => setFault(messageOf(error)),
      );
    };
  }, [seriesId, analysisId, mapUrl]);
  return { canvas, scene, fault, place };
}

const steps: Readonly<Record<string, readonly [number, number, number]>> = {
  ArrowUp: [0, 0, 1],
  ArrowDown: [0, 0, -1],
  PageUp: [0, 0, 5],
  PageDown: [0, 0, -5],
  ArrowLeft: [-1, 0, 0],
  ArrowRight: [1, 0, 0],
  a: [0, 1, 0],
  p: [0, -1, 0],
};
const turns: Readonly<Record<string, readonly [number, number]>> = {
  ArrowUp: [0, 10],
  ArrowDown: [0, -10],
  ArrowLeft: [-10, 0],
  ArrowRight: [10, 0],
};

/** Arrow keys scroll the slices; with shift they turn the 3D picture. */
export function steer(scene: Scene | null, event: KeyboardEvent): void {
  const turn = event.shiftKey ? turns[event.key] : undefined;
  const step = event.shiftKey ? undefined : steps[event.key];
  if (scene === null || (turn === undefined && step === undefined)) return;
  event.preventDefault();
  event.stopPropagation();
  if (turn !== undefined) scene.turn(...turn);
  if (step !== undefined) scene.step(...step);
}
