import type { Reason } from '../findings/index.ts';
import type { StackOutcome } from '../volume/index.ts';
import { explain, holdsFor, nearestMiss, nearestOf, type Explanation, type Rule } from './rules.ts';
import type { RuleConditions } from './rules.ts';
import type { SeriesTraits } from './traits.ts';

/** Who is told of a series that no rule takes, and of which series. */
export interface Unmatched {
  readonly sendTo: readonly string[];
  readonly when: RuleConditions;
}

export interface RulesInForce {
  readonly rules: readonly Rule[];
  /** Left out: nobody is told. */
  readonly unmatched?: Unmatched | undefined;
}

/** What the rules in force say of a series. */
export interface Ruling {
  /** The rule that takes it. */
  readonly takenBy: Rule | null;
  /** Why it cannot be analysed: no rule takes it, or it must not be read. */
  readonly reason: Reason | null;
  /** By which rule it goes on: the one that takes it; else, where somebody is told, the nearest, whose bundle the report names. */
  readonly by: Rule | null;
  /** Where its result goes. */
  readonly destinations: readonly string[];
  readonly explanations: readonly Explanation[];
}

/** What is judged; `unfit`: why it must not be read whatever the rules say, or null. */
interface Judged {
  readonly traits: SeriesTraits;
  readonly stack: StackOutcome;
  readonly unfit: Reason | null;
}

export const noRuleMatched = 'NO_RULE_MATCHED';

/** Judges a series by the rules. `before`: the rule that took it is gone, and who it would have been sent to. */
export function ruleOn(
  { rules, unmatched }: RulesInForce,
  { traits, stack, unfit }: Judged,
  before?: { readonly rule: string; readonly destinations: readonly string[] },
): Ruling {
  const explanations = rules.map((rule) => explain(rule, traits, stack));
  const takenBy = rules.find((_, index) => explanations[index]!.matches) ?? null;
  if (takenBy !== null) {
    return { takenBy, reason: unfit, by: takenBy, destinations: destinationsOf(takenBy), explanations };
  }
  const told = unmatched !== undefined && holdsFor(unmatched.when, traits, stack) ? unmatched.sendTo : [];
  const destinations = [...new Set([...told, ...(before?.destinations ?? [])])];
  const nearest = rules.find(({ name }) => name === nearestOf(explanations)?.rule) ?? null;
  const gone =
    before === undefined ? '' : `The rule "${before.rule}" that took this series is no longer configured. `;
  return {
    takenBy,
    reason: { code: noRuleMatched, text: `${gone}No rule takes this series. ${nearestMiss(explanations)}` },
    by: destinations.length > 0 ? nearest : null,
    destinations,
    explanations,
  };
}

export function destinationsOf({ sendTo, shadow }: Rule): readonly string[] {
  return shadow === true ? [] : sendTo;
}
