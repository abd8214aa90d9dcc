import { WillisError } from '../errors.ts';

type Row = Readonly<Record<string, string>>;

const yesNo = [
  'aneurysm',
  'treated',
  'any',
  'epidural',
  'intraparenchymal',
  'intraventricular',
  'subarachnoid',
  'subdural',
];
const numbers = ['x', 'y', 'z', 'diameter_mm', 'treated_mask_value'];
const words = ['case', 'patient', 'series', 'site', 'side', 'mask'];
const ofLesion = ['x', 'y', 'z', 'diameter_mm', 'site', 'side', 'treated'];
const subtypes = ['epidural', 'intraparenchymal', 'intraventricular', 'subarachnoid', 'subdural'];

/**
 * The cases of a table with a row an aneurysm, or one row for a case without; the form is that of the JSON file, not yet checked.
 * Throws TRUTH_INVALID naming the row: an unknown column, a cell that is no number or no yes or no, rows of one case that differ.
 */
export function casesFromRows(rows: readonly Row[], fileName: string): readonly unknown[] {
  const refuse = (why: string): never => {
    throw new WillisError(
      'TRUTH_INVALID',
      `The truth ${fileName} was refused: ${why}. Correct it and try again.`,
    );
  };
  const values = rows.map((row, index) => {
    const line = `row ${index + 1}`;
    if (row['case'] === undefined) refuse(`${line} names no case`);
    return Object.fromEntries(
      Object.entries(row).map(([column, cell]) => [
        column,
        cellValue(column, cell) ?? refuse(`${line}, ${column}: "${cell}" ${expected(column)}`),
      ]),
    );
  });
  const byCase = Map.groupBy(values, (row) => row['case'] as string);
  return [...byCase].map(([name, own]) => caseOf(name, own, refuse));
}

type Value = string | number | boolean;
type ValueRow = Readonly<Record<string, Value>>;

function cellValue(column: string, cell: string): Value | undefined {
  if (words.includes(column)) return cell;
  if (numbers.includes(column)) return Number.isFinite(Number(cell)) ? Number(cell) : undefined;
  if (!yesNo.includes(column)) return undefined;
  if (/^(yes|true|1)$/i.test(cell)) return true;
  return /^(no|false|0)$/i.test(cell) ? false : undefined;
}

function expected(column: string): string {
  if (numbers.includes(column)) return 'is no number';
  return yesNo.includes(column) ? 'is neither yes nor no' : 'stands in a column that is not known';
}

function caseOf(name: string, rows: readonly ValueRow[], refuse: (why: string) => never): unknown {
  const own = new Map<string, Value>();
  for (const row of rows) {
    for (const [column, value] of Object.entries(row)) {
      if (ofLesion.includes(column)) continue;
      if (own.has(column) && own.get(column) !== value) refuse(`the rows of "${name}" differ in ${column}`);
      own.set(column, value);
    }
  }
  const marked = rows.filter((row) => ofLesion.some((column) => column in row));
  const lesions = marked.map((row) => {
    for (const axis of ['x', 'y', 'z'])
      if (!(axis in row)) refuse(`a row of "${name}" has an aneurysm without ${axis}`);
    return {
      centreLpsMm: [row['x'], row['y'], row['z']],
      diameterMm: row['diameter_mm'] ?? null,
      site: row['site'] ?? null,
      side: row['side'] ?? null,
      treated: row['treated'] ?? false,
    };
  });
  const any = own.get('any');
  const seen = subtypes
    .filter((subtype) => own.has(subtype))
    .map((subtype) => [subtype, own.get(subtype)] as const);
  return {
    case: name,
    ...picked(own, {
      patient: 'patient',
      series: 'series',
      aneurysm: 'aneurysm',
      mask: 'mask',
      treatedMaskValue: 'treated_mask_value',
    }),
    // "no aneurysm" is a complete list; "yes" without places is none
    ...(lesions.length > 0 || own.get('aneurysm') === false ? { aneurysms: lesions } : {}),
    ...(any === undefined && seen.length === 0 ? {} : { haemorrhage: { any, ...Object.fromEntries(seen) } }),
  };
}

function picked(
  own: ReadonlyMap<string, Value>,
  names: Readonly<Record<string, string>>,
): Record<string, Value> {
  const found = Object.entries(names).flatMap(([name, column]) => {
    const value = own.get(column);
    return value === undefined ? [] : [[name, value] as const];
  });
  return Object.fromEntries(found);
}
