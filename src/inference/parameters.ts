import { WillisError } from '../errors.ts';
import type { Bundle } from './bundle.ts';
import { manifestSchema } from './manifest.ts';

/** Sections of a manifest whose numbers a researcher may change for one run; the rest belongs to the weights. */
const changeable = ['operatingPoint', 'candidates'] as const;
/** What was measured is no setting. */
const measured: ReadonlySet<string> = new Set(['sensitivity', 'specificity', 'falsePositivesPerScan']);

/** The numbers of a bundle that can be changed for one run, by their place in the manifest; one a class where it has one for each. */
export function parametersOf(manifest: object): Readonly<Record<string, number>> {
  const sections = manifest as Sections;
  return Object.fromEntries(
    changeable.flatMap((section) =>
      Object.entries(sections[section] ?? {})
        .filter(([key]) => !measured.has(key))
        .flatMap(([key, value]) => numbersIn(`${section}.${key}`, value, classesOf(manifest))),
    ),
  );
}

/** The bundle with other numbers; its version says "+changed" in every result. Throws PARAMETER_INVALID. */
export function withParameters(bundle: Bundle, parameters: Readonly<Record<string, number>>): Bundle {
  const known = parametersOf(bundle.manifest);
  const changes = Object.entries(parameters).filter(([name, value]) => known[name] !== value);
  if (changes.length === 0) return bundle;
  const manifest = structuredClone(bundle.manifest) as unknown as ChangedManifest;
  for (const [name, value] of changes) {
    if (!Object.hasOwn(known, name)) throw invalid(name, 'this bundle has no such parameter');
    put(manifest, name, value);
  }
  const checked = manifestSchema.safeParse(manifest);
  if (!checked.success) {
    const [issue] = checked.error.issues;
    throw invalid(issue?.path.join('.') ?? '', issue?.message ?? '');
  }
  const identity = { ...bundle.identity, version: `${bundle.identity.version}+changed` };
  return { ...bundle, manifest: checked.data, identity };
}

type Sections = Readonly<Record<string, Readonly<Record<string, unknown>> | undefined>>;
type ChangedManifest = Record<string, Record<string, number | Record<number, number>>>;

/** What the places of a list in a manifest mean; none where a bundle tells no classes apart. */
function classesOf(manifest: object): readonly string[] {
  return 'classes' in manifest ? (manifest.classes as readonly string[]) : [];
}

function numbersIn(name: string, value: unknown, classes: readonly string[]): [string, number][] {
  if (typeof value === 'number') return [[name, value]];
  if (!Array.isArray(value) || value.length !== classes.length) return [];
  return classes.map((one, index) => [`${name}.${one}`, value[index] as number]);
}

function put(manifest: ChangedManifest, name: string, value: number): void {
  const [section = '', key = '', ofClass] = name.split('.');
  if (ofClass === undefined) manifest[section]![key] = value;
  else (manifest[section]![key] as Record<number, number>)[classesOf(manifest).indexOf(ofClass)] = value;
}

function invalid(name: string, why: string): WillisError {
  return new WillisError('PARAMETER_INVALID', `The parameter "${name}" cannot be used: ${why}.`);
}
