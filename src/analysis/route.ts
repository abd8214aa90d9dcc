import type { SeriesFindings } from '../findings/index.ts';
import { noRuleMatched, type AnalyseRequest } from '../intake/index.ts';
import type { ResultKind } from '../results/index.ts';
import type { SeriesTask } from './task.ts';

/** What the node knows of a rule's pipeline: the bundle that serves it and where results go. */
export interface Route {
  readonly pipeline: string;
  readonly bundleFolder: string;
  readonly card?: SeriesTask['card'];
  /** Where the helper models are, though the bundle may have been uploaded elsewhere. */
  readonly helpersFolder?: string;
  /** Of all bundles, where there are further ones. */
  readonly bundleSha256: string;
  readonly also?: SeriesTask['also'];
  readonly sendTo: readonly string[];
  /** When a result may go to them (ms since 1970 UTC); left out: at once. */
  readonly sendAt?: (findings: SeriesFindings, now: number) => number;
  /** What those destinations want, fallbacks included; left out: summary, heatmap and report. */
  readonly kinds?: readonly ResultKind[];
}

/** Where series can go. */
export interface Routing {
  /** By rule name; a rule that left the configuration has no route. */
  readonly routes: ReadonlyMap<string, Route>;
  /** All that each destination may be sent, by its name. */
  readonly destinations: ReadonlyMap<string, readonly ResultKind[]>;
}

export const usualKinds: readonly ResultKind[] = ['summary', 'heatmap', 'sr'];

/** That of the rule; undefined where it left the configuration. What no rule takes goes to those who shall hear of it, at once. */
export function routeOf(options: Routing, request: AnalyseRequest): Route | undefined {
  const route = options.routes.get(request.rule);
  if (route === undefined || !isUnmatched(request)) return route;
  const { sendAt: _window, ...nearest } = route;
  const sendTo = (request.destinations ?? []).filter((name) => options.destinations.has(name));
  const kinds = new Set(sendTo.flatMap((name) => options.destinations.get(name) ?? []));
  return { ...nearest, sendTo, kinds: kinds.size > 0 ? [...kinds] : usualKinds };
}

export function isUnmatched({ reason }: Pick<AnalyseRequest, 'reason'>): boolean {
  return reason?.code === noRuleMatched;
}
