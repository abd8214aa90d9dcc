import type { PointLpsMm } from '../../findings/index.ts';
import { requireNumbers, type BundleOf, type Engine } from '../../inference/index.ts';
import type { Volume } from '../../volume/index.ts';
import { cropAt } from './crops.ts';
import type { Proposal } from './proposals.ts';

/** A proposed place with the classifier's word on it. */
export interface Judged {
  readonly proposal: Proposal;
  readonly probability: number;
  readonly centreLpsMm: PointLpsMm;
  readonly maxDiameterMm: number;
  readonly volumeMm3: number;
  /** What each feature kept by LASSO adds to the logit of the central slice, the largest first. */
  readonly contributions: readonly { readonly feature: number; readonly logit: number }[];
  /** Grad-CAM of the central slice, [row][column], not scaled. */
  readonly cam: Float32Array;
}

const batch = 4;

/** A crop about each place through the network; the logits of the central slices are averaged. Throws MODEL_OUTPUT_INVALID. */
export async function classify(
  places: readonly Proposal[],
  volume: Volume,
  { bundle, engine }: { bundle: BundleOf<'cta-resnet'>; engine: Engine },
): Promise<readonly Judged[]> {
  const judged: Judged[] = [];
  for (let start = 0; start < places.length; start += batch)
    judged.push(...(await classifySome(places.slice(start, start + batch), volume, { bundle, engine })));
  return judged;
}

async function classifySome(
  places: readonly Proposal[],
  volume: Volume,
  { bundle, engine }: { bundle: BundleOf<'cta-resnet'>; engine: Engine },
): Promise<readonly Judged[]> {
  const { network, preprocessing, selection, explanation } = bundle.manifest;
  const { pixels, slices } = preprocessing;
  const plane = pixels * pixels;
  const data = new Float32Array(places.length * slices * 3 * plane);
  for (const [index, { centreLpsMm }] of places.entries()) {
    const crop = cropAt(volume, centreLpsMm, preprocessing);
    for (let slice = 0; slice < slices; slice += 1)
      data.set(crop.subarray(slice * plane, (slice + 3) * plane), (index * slices + slice) * 3 * plane);
  }
  const shape = [places.length * slices, 3, pixels, pixels];
  const outputs = await engine.run(
    `${bundle.folder}/${network.file}`,
    [{ name: network.input, data, shape }],
    ['logit', 'contributions', 'cam'],
  );
  requireNumbers(outputs['logit']!, outputs['cam']!);
  const kept = selection.features.length;
  const cells = explanation.cells ** 2;
  return places.map((proposal, index) => {
    const central = index * slices + (slices >> 1);
    return {
      ...measuresOf(proposal),
      probability: sigmoid(mean(outputs['logit']!.subarray(index * slices, (index + 1) * slices))),
      contributions: Array.from(
        outputs['contributions']!.subarray(central * kept, (central + 1) * kept),
        (logit, place) => ({ feature: selection.features[place]!, logit }),
      ).sort((a, b) => Math.abs(b.logit) - Math.abs(a.logit)),
      cam: outputs['cam']!.slice(central * cells, (central + 1) * cells),
    };
  });
}

/** The ball that fits best stands for the sac: the paper measures nothing. */
function measuresOf(proposal: Proposal): Omit<Judged, 'probability' | 'contributions' | 'cam'> {
  const { centreLpsMm, radiusMm } = proposal;
  return {
    ...{ proposal, centreLpsMm, maxDiameterMm: 2 * radiusMm },
    volumeMm3: (4 / 3) * Math.PI * radiusMm ** 3,
  };
}

function mean(values: Float32Array): number {
  return values.reduce((sum, value) => sum + value, 0) / values.length;
}

function sigmoid(logit: number): number {
  return 1 / (1 + Math.exp(-logit));
}
