import type { EvaluatedCase, Rating } from '../../src/evaluation/index.ts';
import { evaluatePipeline, type PipelineEvaluation } from '../../src/evaluation/index.ts';
import { seededRandom } from '../../src/evaluation/intervals.ts';
import { haemorrhageClasses, type HaemorrhageClass } from '../../src/evaluation/rsna.ts';

const bundle = { id: 'drawn', version: '1.0.0', sha256: 'ab'.repeat(32) };
const sites = ['ACom', 'MCA', 'basilar tip'];

/** Cases drawn at random: every second with an aneurysm, mostly found; each tenth not analysed. */
export function drawnAneurysmCases(count: number, seed: number): readonly EvaluatedCase[] {
  const random = seededRandom(seed);
  return Array.from({ length: count }, (_, index) => {
    const positive = index % 2 === 0;
    const centreLpsMm = [60 * random() - 30, 60 * random() - 30, 40 * random()] as const;
    const diameterMm = 2 + 8 * random();
    const site = sites[index % 3]!;
    const side = index % 4 < 2 ? 'left' : 'right';
    const aneurysms = positive
      ? [
          {
            centreLpsMm: [...centreLpsMm] as [number, number, number],
            diameterMm,
            site,
            side,
            treated: false,
          } as const,
        ]
      : [];
    const common = {
      name: `case-${index}`,
      patient: `patient-${index >> 1}`,
      inputSha256: `hash-${index}`,
      truth: { case: `case-${index}`, aneurysms },
    };
    if (index % 10 === 9) {
      const reason = { code: 'SLICE_GAP', text: 'A slice is missing.' };
      return { ...common, answer: { kind: 'not-analysed', reason } };
    }
    const probability = positive ? 0.3 + 0.69 * random() : 0.75 * random();
    const mark = {
      centreLpsMm: [centreLpsMm[0] + 2 * random(), centreLpsMm[1], centreLpsMm[2]] as const,
      probability,
    };
    const called = probability >= 0.5;
    return {
      ...common,
      answer: {
        kind: 'analysed',
        ...{ called, probability },
        scanScores: { max: probability, mean: probability / 10, p95: 1 - probability },
        marks: [mark, { centreLpsMm: [90, 0, 0] as const, probability: 0.4 * random() }],
        findings: called ? [{ ...mark, maxDiameterMm: diameterMm + random() - 0.4, site, side }] : [],
        ...{ calledSubtypes: [], classProbabilities: null, slices: [] },
        ...{ overlap: null, activation: null, milliseconds: 1000 },
      },
    };
  });
}

function drawnHaemorrhageCases(count: number, seed: number): readonly EvaluatedCase[] {
  const random = seededRandom(seed);
  return Array.from({ length: count }, (_, index) => {
    const there = haemorrhageClasses.filter((name) => name !== 'any' && random() < 0.2);
    const isThere = (name: HaemorrhageClass): boolean =>
      name === 'any' ? there.length > 0 : there.includes(name);
    const row = <Value>(of: (name: HaemorrhageClass) => Value): Readonly<Record<HaemorrhageClass, Value>> =>
      Object.fromEntries(haemorrhageClasses.map((name) => [name, of(name)])) as Record<
        HaemorrhageClass,
        Value
      >;
    const probabilities = row((name) => 0.05 + 0.5 * random() + (isThere(name) ? 0.4 : 0));
    const slice = `1.2.${index}`;
    const seen = there.filter((name) => name !== 'any');
    return {
      name: `scan-${index}`,
      patient: `patient-${index}`,
      inputSha256: `hash-${index}`,
      truth: { case: `scan-${index}`, haemorrhage: row(isThere), slices: { [slice]: seen } },
      answer: {
        kind: 'analysed',
        called: probabilities.any >= 0.5,
        probability: probabilities.any,
        scanScores: null,
        ...{ marks: [], findings: [] },
        calledSubtypes: seen.filter((name) => probabilities[name] >= 0.5),
        classProbabilities: probabilities,
        slices: [{ sopInstanceUid: slice, probabilities }],
        ...{ overlap: null, activation: null, milliseconds: 1000 },
      },
    };
  });
}

function drawnRatings(cases: readonly EvaluatedCase[], seed: number): readonly Rating[] {
  const random = seededRandom(seed);
  return cases.slice(0, 20).flatMap(({ name, truth }) => {
    const worth = 3 + Math.floor(2 * random());
    return ['Reader A', 'Reader B'].map((reader) => {
      const right = random() < 0.8;
      const positive: 'yes' | 'no' = (truth.aneurysms?.length ?? 0) > 0 === right ? 'yes' : 'no';
      return { reader, case: name, likert: worth + Math.floor(2 * random()), positive };
    });
  });
}

export function drawnEvaluation(
  kind: 'aneurysm' | 'haemorrhage',
  count: number,
  seed: number,
): PipelineEvaluation {
  const isAneurysm = kind === 'aneurysm';
  const cases = isAneurysm ? drawnAneurysmCases(count, seed) : drawnHaemorrhageCases(count, seed);
  return evaluatePipeline({
    pipeline: isAneurysm ? 'tof-patch' : 'ncct-haemorrhage',
    ...{ bundle, kind, cases, seed: 1 },
    intendedUse: 'Drawn at random; <b>not</b> for clinical use',
    ratings: isAneurysm ? drawnRatings(cases, seed) : [],
  });
}
