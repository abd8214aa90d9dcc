import { WillisError } from '../errors.ts';
import type { Bundle } from './bundle.ts';
import { manifestSchema } from './manifest.ts';

/** Sections of a manifest whose numbers a researcher may change for one run; the rest belongs to the weights. */
const changeable = ['operatingPoint', 'candidates'] as const;
/** What was measured is no setting. */
const measured: ReadonlySet<string> = new Set(['sensitivity', 'specificity', 'falsePositivesPerScan']);

/** The numbers of a bundle that can be changed for one run, by their place in the manifest. */
export function parametersOf(manifest: object): Readonly<Record<string, number>> {
  const sections = manifest as Readonly<Record<string, unknown>>;
  const found = changeable.flatMap((section) =>
    Object.entries((sections[section] ?? {}) as Readonly<Record<string, unknown>>)
      .filter(([key, value]) => typeof value === 'number' && !measured.has(key))
      .map(([key, value]) => [`${section}.${key}`, value as number] as const),
  );
  return Object.fromEntries(found);
}

/** The bundle with other numbers; its version says "+changed" in every result. Throws PARAMETER_INVALID. */
export function withParameters(bundle: Bundle, parameters: Readonly<Record<string, number>>): Bundle {
  const known = parametersOf(bundle.manifest);
  const changes = Object.entries(parameters).filter(([name, value]) => known[name] !== value);
  if (changes.length === 0) return bundle;
  const manifest = structuredClone(bundle.manifest) as unknown as Record<string, Record<string, number>>;
  for (const [name, value] of changes) {
    const [section = '', key = ''] = name.split('.');
    if (known[name] === undefined) throw invalid(name, 'this bundle has no such parameter');
    manifest[section]![key] = value;
  }
  const checked = manifestSchema.safeParse(manifest);
  if (!checked.success) {
    const [issue] = checked.error.issues;
    throw invalid(issue?.path.join('.') ?? '', issue?.message ?? '');
  }
  const identity = { ...bundle.identity, version: `${bundle.identity.version}+changed` };
  return { ...bundle, manifest: checked.data, identity };
}

function invalid(name: string, why: string): WillisError {
  return new WillisError('PARAMETER_INVALID', `The parameter "${name}" cannot be used: ${why}.`);
}
