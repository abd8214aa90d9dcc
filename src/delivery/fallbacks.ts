/** By kind: what to send where it is refused, in order. */
export type Fallbacks = Readonly<Record<string, readonly string[] | undefined>>;

/** Wanted kinds and what may go in their place. */
export interface Wishes {
  readonly wanted: readonly string[];
  readonly fallbacks: Fallbacks;
  /** Kinds that are made of every analysis and tell its outcome, the best of them first. */
  readonly telling: readonly string[];
}

/**
 * A wanted kind and all that may go in its place, the wanted one first, each once; only what the analysis has made. A wanted
 * kind that was not made has nothing to show, so nothing goes in its place; but where the destination has changed its wishes
 * since and nothing would tell the outcome, what was made to tell it goes: a delivery is never silent.
 */
export function chainsOf(
  { wanted, fallbacks, telling }: Wishes,
  made: ReadonlySet<string>,
): readonly (readonly string[])[] {
  const chains = wanted
    .filter((kind) => made.has(kind))
    .map((kind) => chainFrom(kind, fallbacks).filter((one) => made.has(one)));
  const isSilent =
    wanted.some((kind) => telling.includes(kind)) && !chains.flat().some((kind) => telling.includes(kind));
  const instead = telling.filter((kind) => made.has(kind));
  return isSilent && instead.length > 0 ? [...chains, instead] : chains;
}

/** Every kind that may be sent to a destination. */
export function kindsWithFallbacks(wanted: readonly string[], fallbacks: Fallbacks): readonly string[] {
  return [...new Set(wanted.flatMap((kind) => chainFrom(kind, fallbacks)))];
}

/** The kinds to send now: of each chain the first that has not been given up. The last of a chain is never given up. */
export function currentKinds(
  chains: readonly (readonly string[])[],
  givenUp: ReadonlySet<string>,
): ReadonlySet<string> {
  return new Set(chains.flatMap((chain) => chain.find((kind) => !givenUp.has(kind)) ?? chain.at(-1) ?? []));
}

/** What goes instead of a kind; undefined where nothing is left. */
export function nextAfter(
  kind: string,
  chains: readonly (readonly string[])[],
  givenUp: ReadonlySet<string>,
): string | undefined {
  const chain = chains.find((one) => one.includes(kind) && one.find((each) => !givenUp.has(each)) === kind);
  return chain?.find((each) => each !== kind && !givenUp.has(each));
}

/** Breadth first: its own substitutes before those of its substitutes. */
function chainFrom(kind: string, fallbacks: Fallbacks): readonly string[] {
  const chain = [kind];
  // grows while it is walked
  for (const one of chain) chain.push(...(fallbacks[one] ?? []).filter((next) => !chain.includes(next)));
  return chain;
}
