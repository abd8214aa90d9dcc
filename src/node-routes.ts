import { createHash } from 'node:crypto';
import type { Route } from './analysis/index.ts';
import type { Config } from './config/index.ts';
import { kindsWithFallbacks } from './delivery/index.ts';
import { WillisError } from './errors.ts';
import { soughtBy, type SeriesFindings } from './findings/index.ts';
import { bundleName, type Bundle, type PipelineId } from './inference/index.ts';
import { standardFolder, type ShelvedBundle } from './node-bundles.ts';
import { openWindow } from './operations/index.ts';

/** Which bundles serve each rule, and what the leading one says it is for. */
export type Routes = ReadonlyMap<string, Route & { readonly intendedUse: string }>;

/** The routes of a configuration. Throws BUNDLE_MISSING and PIPELINES_DIFFER. */
export function routesOf(config: Config, shelf: readonly ShelvedBundle[]): Routes {
  const helpersFolder = standardFolder(shelf);
  return new Map(
    config.rules.map(({ name, pipeline, bundle: wanted, alsoPipelines = [], sendTo, shadow, sendDuring }) => {
      const chosen = (id: PipelineId): string | undefined => config.inference.bundles[id];
      const bundle = serving(shelf, name, { pipeline, wanted: wanted ?? chosen(pipeline) });
      const also = alsoPipelines.map((id) => ({
        pipeline: id,
        bundle: serving(shelf, name, { pipeline: id, wanted: chosen(id) }),
      }));
      requireOneKind(name, [pipeline, ...alsoPipelines]);
      return [
        name,
        {
          pipeline,
          sendTo: shadow === true ? [] : sendTo,
          kinds: kindsFor(config, sendTo),
          ...(sendDuring === undefined ? {} : { sendAt: sendAt(name, sendDuring) }),
          bundleFolder: bundle.folder,
          card: cardOf(bundle),
          ...(helpersFolder === null ? {} : { helpersFolder }),
          bundleSha256: sha256OfAll([bundle, ...also.map((one) => one.bundle)]),
          also: also.map((one) => ({
            ...{ pipeline: one.pipeline, bundleFolder: one.bundle.folder, card: cardOf(one.bundle) },
          })),
          intendedUse: bundle.manifest.intendedUse,
        },
      ];
    }),
  );
}

function cardOf({ manifest, identity }: Bundle): NonNullable<Route['card']> {
  return { manifest, identity };
}

/** The bundle a rule asks for by name; without one the first of the folder. What was uploaded serves only by its name. */
function serving(
  shelf: readonly ShelvedBundle[],
  rule: string,
  { pipeline, wanted }: { readonly pipeline: PipelineId; readonly wanted: string | undefined },
): Bundle {
  const fitting = shelf.flatMap((one) =>
    one.kind === 'bundle' && one.bundle.manifest.pipeline === pipeline
      ? [{ bundle: one.bundle, isUploaded: one.isUploaded }]
      : [],
  );
  const found = fitting.find((one) =>
    wanted === undefined ? !one.isUploaded : bundleName(one.bundle) === wanted,
  );
  if (found !== undefined) return found.bundle;
  const which =
    wanted === undefined ? `the pipeline "${pipeline}"` : `the bundle ${wanted} for "${pipeline}"`;
  const there = fitting.map(({ bundle }) => bundleName(bundle)).join(', ') || 'none';
  throw new WillisError(
    'BUNDLE_MISSING',
    `The rule "${rule}" wants ${which}, but no sound bundle serves it. For this pipeline there are: ${there}. "willis bundles" and the page tell of each what is wrong with it.`,
  );
}

type Kinds = NonNullable<Route['kinds']>;

/** All that each destination may be sent, fallbacks included, by its name. */
export function kindsOfDestinations({ destinations }: Config): ReadonlyMap<string, Kinds> {
  return new Map(
    destinations.map(({ name, results, fallbacks }) => [
      name,
      kindsWithFallbacks(results, fallbacks) as Kinds,
    ]),
  );
}

/** All that the destinations of a rule may be sent; the usual three where it has none, for the page and the disk. */
function kindsFor(config: Config, sendTo: readonly string[]): Kinds {
  const all = kindsOfDestinations(config);
  const kinds = sendTo.flatMap((name) => all.get(name) ?? []);
  return kinds.length > 0 ? [...new Set(kinds)] : ['summary', 'heatmap', 'sr'];
}

type SendDuring = NonNullable<Config['rules'][number]['sendDuring']>;

/** When a result may go: at once, or where it is one of those that wait, when the window opens. */
function sendAt(rule: string, { window, waits }: SendDuring): NonNullable<Route['sendAt']> {
  const opening = openWindow(window, `the rule "${rule}"`);
  return (findings, now) => (waits.some((one) => isOne(one, findings)) ? opening.opensAt(now) : now);
}

function isOne(which: SendDuring['waits'][number], { state, findings }: SeriesFindings): boolean {
  if (which !== 'aneurysms') return state === which;
  return state === 'findings' && findings.every(({ kind }) => kind === 'aneurysm');
}

/** One bundle's own; of several the digest of theirs, so that another set of pipelines is another analysis. */
function sha256OfAll(bundles: readonly Bundle[]): string {
  const all = bundles.map(({ identity }) => identity.sha256);
  return all.length === 1 ? all[0]! : createHash('sha256').update(all.join('\n')).digest('hex');
}

/** One report tells of one kind of finding. */
function requireOneKind(rule: string, pipelines: readonly string[]): void {
  if (new Set(pipelines.map(soughtBy)).size === 1) return;
  throw new WillisError(
    'PIPELINES_DIFFER',
    `The rule "${rule}" asks for one report of ${pipelines.join(' and ')}, which look for different things. Give each a rule of its own.`,
  );
}
