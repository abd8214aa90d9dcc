import type { Reason } from '../../findings/index.ts';
import type { ManifestOf } from '../../inference/index.ts';
import type { PipelineInput } from '../types.ts';
import { boneHu, brainHu } from './hounsfield.ts';
import { mostCutMl, type Prepared } from './prepare.ts';

/** What scanners write where no contrast medium was given. */
const noContrast = /^(no|none|n|0|without|ohne|sans|sin|nil|n\/a|unenhanced)$/i;

/** Contrast in vessels and lesions looks like blood: such a series is for another reader. */
export function contrastProblem(
  { contrastAgent }: PipelineInput,
  { id }: ManifestOf<'ncct-haemorrhage'>,
): Reason | null {
  if (contrastAgent === null || noContrast.test(contrastAgent.trim())) return null;
  const text = `Contrast medium was given (Contrast/Bolus Agent is filled); ${id} reads scans without contrast only.`;
  return { code: 'CONTRAST_GIVEN', text };
}

/** Around a head there is air. Pixels at the border of the slices that are denser are no Hounsfield units, or of the wrong sign. */
const densestAirHu = -500;
/** Least share of border pixels that must be air: a couch, a head rest and a head cut at the border take the rest. */
const leastAirShare = 0.4;

export function unitsProblem({ volume: { data, size } }: PipelineInput): Reason | null {
  const [nx, ny, nz] = size;
  let air = 0;
  let count = 0;
  const look = (x: number, y: number, z: number): void => {
    count += 1;
    if (data[x + nx * (y + ny * z)]! <= densestAirHu) air += 1;
  };
  for (let z = 0; z < nz; z += 1) {
    for (let x = 0; x < nx; x += 1) {
      look(x, 0, z);
      look(x, ny - 1, z);
    }
    for (let y = 1; y < ny - 1; y += 1) {
      look(0, y, z);
      look(nx - 1, y, z);
    }
  }
  if (air / count >= leastAirShare) return null;
  const text = `Around the head there should be air of about -1000 HU; ${((100 * air) / count).toFixed(0)} % of the border pixels are below ${densestAirHu} HU. The grey values are no Hounsfield units, or of the wrong sign.`;
  return { code: 'UNITS_NOT_PLAUSIBLE', text };
}

/** A child's brain has 400 ml by six months; the field cut to half a head still has that of an adult. */
const leastBrainMl = 350;
const leastBoneMl = 60;
/** Brain differs from pixel to pixel by grey and white matter and noise of a few HU; plastic of one kind does not, a body part does more. */
const leastBrainShare = 0.35;

/** Why what is seen is no head: a phantom, another body part, or tissue that was cut out. */
export function headProblem(
  { hu, pixels, pitchMm, sliceSpacingMm }: Prepared,
  { id }: ManifestOf<'ncct-haemorrhage'>,
): Reason | null {
  const millilitres = (pitchMm * pitchMm * sliceSpacingMm) / 1000;
  let brain = 0;
  let bone = 0;
  let soft = 0;
  for (const value of hu) {
    if (value > boneHu) bone += 1;
    else if (value > -200) soft += 1;
    if (value >= brainHu[0] && value <= brainHu[1]) brain += 1;
  }
  if (
    brain * millilitres >= leastBrainMl &&
    bone * millilitres >= leastBoneMl &&
    brain >= leastBrainShare * soft
  )
    return null;
  const text = `No head was found in ${hu.length / pixels ** 2} slices: ${(brain * millilitres).toFixed(0)} ml look like brain (${((100 * brain) / Math.max(1, soft)).toFixed(0)} % of what is no bone) and ${(bone * millilitres).toFixed(0)} ml like bone; ${id} needs ${leastBrainMl} ml (${100 * leastBrainShare} %) and ${leastBoneMl} ml. Is it a phantom, or another part of the body?`;
  return { code: 'HEAD_NOT_FOUND', text };
}

/** Brain that no network saw must not be called free of blood. */
export function headCutOff(
  { cutMl }: Prepared,
  { id, preprocessing }: ManifestOf<'ncct-haemorrhage'>,
): Reason | null {
  if (cutMl <= mostCutMl) return null;
  const text = `${cutMl.toFixed(0)} ml of what the skull encloses lie outside the ${preprocessing.fieldMm} mm that ${id} reads: a part of the head would go unread. Is the head larger than that, or something of the density of bone fixed to it?`;
  return { code: 'HEAD_CUT_OFF', text };
}
