import { existsSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { slicesFileName, type SlicesFile } from '../../analysis/index.ts';
import type { ArchiveFiles } from '../../archive/index.ts';
import {
  siteInWords,
  type Finding as PipelineFinding,
  type HaemorrhageFinding,
  type Site,
} from '../../findings/index.ts';
import type { FrameGeometry, StackOutcome } from '../../volume/index.ts';
import type { Finding, SliceCurve } from '../contract.ts';

/** A finding of any kind as the page shows it; `index` counts from 0. */
export function findingOf(finding: PipelineFinding, index: number, stack: StackOutcome): Finding {
  const { kind, probability, volumeMm3, keySopInstanceUid } = finding;
  const isAneurysm = finding.kind === 'aneurysm';
  return {
    ...{ number: index + 1, kind, probability, volumeMm3, keySopInstanceUid },
    centreLpsMm: finding.centreLpsMm === null ? null : [...finding.centreLpsMm],
    maxDiameterMm: isAneurysm ? finding.maxDiameterMm : null,
    place: isAneurysm ? siteOf(finding.site) : `${finding.subtype} haemorrhage`,
    slices: isAneurysm ? [] : slicesOf(finding, stack),
    growth: isAneurysm && finding.growth !== undefined ? growthText(finding.growth) : null,
  };
}

/** The probabilities slice by slice beside an analysis' results; null where there are none, or the series has grown since. */
export function sliceCurveOf(files: ArchiveFiles, folder: string, stack: StackOutcome): SliceCurve | null {
  const file = path.join(files.absolute(folder), slicesFileName);
  if (stack.kind !== 'stack' || !existsSync(file)) return null;
  const classes = JSON.parse(readFileSync(file, 'utf8')) as SlicesFile;
  if (classes.some(({ values }) => values.length !== stack.frames.length)) return null;
  return {
    centresLpsMm: stack.frames.map(centreOf),
    classes: classes.map((one) => ({ class: one.class, values: [...one.values] })),
  };
}

function siteOf(site: Site): string {
  const artery = siteInWords(site);
  return site.laterality === null ? artery : `${artery}, ${site.laterality}`;
}

function slicesOf(finding: HaemorrhageFinding, stack: StackOutcome): Finding['slices'] {
  const frames = stack.kind === 'stack' ? stack.frames : [];
  return finding.slices.map(({ sopInstanceUid, frameNumber, probability }) => {
    const index = frames.findIndex(
      (frame) => frame.sopInstanceUid === sopInstanceUid && frame.frameNumber === frameNumber,
    );
    const frame = frames[index];
    if (frame === undefined) return { number: null, centreLpsMm: null, probability };
    return { number: index + 1, centreLpsMm: centreOf(frame), probability };
  });
}

/** The middle of a slice: its first voxel, and half the rows and columns further (PS3.3 C.7.6.2.1.1). */
function centreOf(frame: FrameGeometry): number[] {
  const { imagePositionPatient, imageOrientationPatient, pixelSpacing, rows, columns } = frame;
  const along = ((columns - 1) / 2) * pixelSpacing[1];
  const down = ((rows - 1) / 2) * pixelSpacing[0];
  return imagePositionPatient.map(
    (start, axis) =>
      start + imageOrientationPatient[axis]! * along + imageOrientationPatient[axis + 3]! * down,
  );
}

function growthText(growth: NonNullable<Extract<PipelineFinding, { kind: 'aneurysm' }>['growth']>): string {
  const { change, priorMaxDiameterMm, prior } = growth;
  const date = prior.studyDate.replace(/^(\d{4})(\d{2})(\d{2})$/, '$1-$2-$3');
  return `${change} since ${date}, when it measured ${priorMaxDiameterMm.toFixed(1)} mm`;
}
