import { z } from 'zod';
import { WillisError } from '../errors.ts';
import { adamRanking } from './adam.ts';
import { isAnalysed, type AnalysedCase } from './cases.ts';
import { countDecisions } from './confusion.ts';
import { labelOf, type PipelineEvaluation } from './evaluate.ts';
import { integratedDiscrimination, netReclassification } from './reclassification.ts';
import { delongTest } from './roc.ts';

/** What an earlier evaluation must hold to be compared with; the rest of it is not read. */
const earlierEvaluation = z.object({
  schemaVersion: z.literal(1),
  name: z.string(),
  pipelines: z.array(
    z.object({
      pipeline: z.string(),
      bundle: z.object({ id: z.string(), version: z.string(), sha256: z.string() }),
      detection: z
        .object({ adam: z.object({ sensitivity: z.number().nullable(), falsePositivesPerScan: z.number() }) })
        .nullable(),
      segmentation: z
        .object({
          dice: z.object({ mean: z.number().nullable() }),
          hausdorff95Mm: z.object({ mean: z.number().nullable() }),
          volumeSimilarity: z.object({ mean: z.number().nullable() }),
        })
        .nullable(),
      cases: z.array(
        z.object({
          name: z.string(),
          inputSha256: z.string(),
          answer: z.discriminatedUnion('kind', [
            z.object({ kind: z.literal('not-analysed') }),
            z.object({ kind: z.literal('analysed'), called: z.boolean(), probability: z.number() }),
          ]),
        }),
      ),
    }),
  ),
});

export type EarlierEvaluation = z.infer<typeof earlierEvaluation>;
type EarlierPipeline = EarlierEvaluation['pipelines'][number];

/** An `evaluation.json` of before. Throws EVALUATION_INVALID. */
export function parseEarlier(text: string, fileName: string): EarlierEvaluation {
  const refuse = (why: string, cause?: unknown): WillisError =>
    new WillisError(
      'EVALUATION_INVALID',
      `${fileName} cannot be compared with: ${why}. Give the evaluation.json that "willis evaluate" wrote.`,
      { cause },
    );
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (cause) {
    throw refuse('it is not JSON', cause);
  }
  const parsed = earlierEvaluation.safeParse(value);
  if (parsed.success) return parsed.data;
  throw refuse(parsed.error.issues.map(({ path, message }) => `${path.join('.')}: ${message}`).join('; '));
}

export interface Comparison {
  readonly name: string;
  readonly bundle: string;
  /** Cases that both analysed from the same images. */
  readonly cases: number;
  readonly changedDecisions: number;
  /** Now minus then; NaN where a class is missing among the cases. */
  readonly aucDifference: number;
  readonly delongP: number;
  readonly nri: number;
  readonly idi: number;
}

/** The evaluation against an earlier one of the same pipeline, case by case; null where they share no case. */
export function compare(now: PipelineEvaluation, then: EarlierEvaluation): Comparison | null {
  const earlier = pipelineOf(now, then);
  if (earlier === undefined) return null;
  const pairs = now.cases.filter(isAnalysed).flatMap((one) => {
    const before = earlier.cases.find(
      (other) => other.name === one.name && other.inputSha256 === one.inputSha256,
    );
    return before?.answer.kind === 'analysed' ? [{ one, before: before.answer }] : [];
  });
  if (pairs.length === 0) return null;
  const truth = pairs.map(({ one }: { one: AnalysedCase }) => labelOf(one, now.kind) === true);
  const [after, before] = [pairs.map(({ one }) => one.answer), pairs.map((pair) => pair.before)];
  const probabilities = [after, before].map((list) => list.map((answer) => answer.probability));
  const [confusionAfter, confusionBefore] = [after, before].map((list) =>
    countDecisions(
      truth,
      list.map((answer) => answer.called),
    ),
  );
  const delong = delongTest(truth, probabilities[0]!, probabilities[1]!);
  return {
    name: then.name,
    bundle: `${earlier.bundle.id} ${earlier.bundle.version}`,
    cases: pairs.length,
    changedDecisions: after.filter((answer, index) => answer.called !== before[index]!.called).length,
    aucDifference: delong.difference,
    delongP: Number.isNaN(delong.difference) ? NaN : delong.p,
    nri: netReclassification(confusionBefore!, confusionAfter!),
    idi: integratedDiscrimination(truth, probabilities[1]!, probabilities[0]!),
  };
}

export interface Ranking {
  readonly task: 'detection' | 'segmentation';
  /** 0 is best in every metric, 1 worst in every one; this evaluation first. */
  readonly systems: readonly { readonly name: string; readonly rank: number }[];
}

/** Ranks this evaluation among earlier ones as ADAM ranks systems, in each task for which all have every figure. */
export function rankings(now: PipelineEvaluation, earlier: readonly EarlierEvaluation[]): readonly Ranking[] {
  const others = earlier.flatMap((one) => {
    const own = pipelineOf(now, one);
    return own === undefined ? [] : [{ name: one.name, figures: own }];
  });
  const systems = [
    { name: 'this evaluation', figures: now as Pick<EarlierPipeline, 'detection' | 'segmentation'> },
    ...others,
  ];
  if (systems.length < 2) return [];
  const detection = systems.map(({ figures }) => figures.detection?.adam);
  const segmentation = systems.map(({ figures }) => figures.segmentation);
  return [
    ranked('detection', systems, [
      [detection.map((one) => one?.sensitivity), true],
      [detection.map((one) => one?.falsePositivesPerScan), false],
    ]),
    ranked('segmentation', systems, [
      [segmentation.map((one) => one?.dice.mean), true],
      [segmentation.map((one) => one?.hausdorff95Mm.mean), false],
      [segmentation.map((one) => one?.volumeSimilarity.mean), true],
    ]),
  ].filter((ranking) => ranking !== null);
}

function ranked(
  task: Ranking['task'],
  systems: readonly { readonly name: string }[],
  metrics: readonly (readonly [readonly (number | null | undefined)[], boolean])[],
): Ranking | null {
  const complete = metrics.map(([values, higherIsBetter]) => ({
    values: values.filter((value): value is number => typeof value === 'number' && Number.isFinite(value)),
    higherIsBetter,
  }));
  if (complete.some(({ values }) => values.length < systems.length)) return null;
  const ranks = adamRanking(complete);
  return { task, systems: systems.map(({ name }, index) => ({ name, rank: ranks[index]! })) };
}

function pipelineOf(now: PipelineEvaluation, then: EarlierEvaluation): EarlierPipeline | undefined {
  return then.pipelines.find((one) => one.pipeline === now.pipeline);
}
