import type { Config } from './schema.ts';

/** What a configuration says that is possible but hardly meant, a sentence each; none is what one wants. */
export function doubtsOf(config: Config): readonly string[] {
  return [
    ...silentRules(config),
    ...unreachedRules(config),
    ...unnamedDestinations(config),
    ...unusedPipelines(config),
  ];
}

function silentRules({ rules, destinations }: Config): readonly string[] {
  if (destinations.length === 0) return [];
  return rules
    .filter(({ sendTo, shadow }) => sendTo.length === 0 && !shadow)
    .map(
      ({ name }) =>
        `The rule "${name}" sends nowhere: its results are on the page alone. Name destinations in its sendTo, or say "shadow": true where that is meant.`,
    );
}

function unreachedRules({ rules }: Config): readonly string[] {
  const all = rules.findIndex(({ when }) => Object.keys(when).length === 0);
  if (all === -1) return [];
  return rules
    .slice(all + 1)
    .map(
      ({ name }) =>
        `The rule "${name}" comes after "${rules[all]!.name}", which takes every series: it takes none. Put it before, or give "${rules[all]!.name}" conditions.`,
    );
}

function unnamedDestinations({ rules, destinations, unmatched }: Config): readonly string[] {
  const named = new Set([...rules.flatMap(({ sendTo }) => sendTo), ...(unmatched?.sendTo ?? [])]);
  return destinations
    .filter(({ name }) => !named.has(name))
    .map(({ name }) => `The destination "${name}" gets nothing: no rule names it in its sendTo.`);
}

function unusedPipelines({ rules, inference }: Config): readonly string[] {
  const used = new Set(rules.flatMap(({ pipeline, alsoPipelines = [] }) => [pipeline, ...alsoPipelines]));
  const remote = inference.remotes.flatMap(({ name, pipelines }) =>
    pipelines.filter((one) => !used.has(one)).map((one) => [`The inference server "${name}"`, one] as const),
  );
  const bundles = Object.keys(inference.bundles)
    .filter((one) => !used.has(one as keyof typeof inference.bundles))
    .map((one) => ['inference.bundles', one] as const);
  return [...remote, ...bundles].map(([who, pipeline]) => `${who} names "${pipeline}", which no rule runs.`);
}
