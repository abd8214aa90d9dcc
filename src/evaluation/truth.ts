import { parse } from 'csv-parse/sync';
import { z } from 'zod';
import { WillisError } from '../errors.ts';
import { casesFromRows } from './truth-rows.ts';

const lesion = z.strictObject({
  centreLpsMm: z.tuple([z.number(), z.number(), z.number()]),
  /** Null where only a point was marked. */
  diameterMm: z.number().positive().nullable(),
  site: z.string().nullable().default(null),
  side: z.enum(['left', 'right']).nullable().default(null),
  /** Coiled or clipped: neither sought nor a fault to mark. */
  treated: z.boolean().default(false),
});

const haemorrhage = z.strictObject({
  any: z.boolean(),
  epidural: z.boolean().optional(),
  intraparenchymal: z.boolean().optional(),
  intraventricular: z.boolean().optional(),
  subarachnoid: z.boolean().optional(),
  subdural: z.boolean().optional(),
});

const caseTruth = z
  .strictObject({
    /** Name of the case's folder. */
    case: z.string().min(1),
    /** Scans of one person share it; left out, the case is a person. */
    patient: z.string().min(1).optional(),
    /** Series Instance UID, where the case holds several series that one pipeline takes. */
    series: z.string().min(1).optional(),
    /** Whether there is an untreated aneurysm; follows from `aneurysms` where that is given. */
    aneurysm: z.boolean().optional(),
    /** Every aneurysm there is. */
    aneurysms: z.array(lesion).optional(),
    /** NIfTI file beside the truth: 0 outside, anything else in an aneurysm. */
    mask: z.string().min(1).optional(),
    /** Value of the mask that marks treated aneurysms. */
    treatedMaskValue: z.int().positive().optional(),
    haemorrhage: haemorrhage.optional(),
    /** SOP Instance UID of a slice -> the subtypes seen in it, [] for none; slices that are not named are not rated. */
    slices: z
      .record(
        z.string(),
        z.array(z.enum(['epidural', 'intraparenchymal', 'intraventricular', 'subarachnoid', 'subdural'])),
      )
      .optional(),
  })
  .superRefine((one, context) => {
    const fault = (message: string): void => context.addIssue({ code: 'custom', message });
    const open = one.aneurysms?.some((aneurysm) => !aneurysm.treated);
    if (open !== undefined && one.aneurysm !== undefined && open !== one.aneurysm)
      fault('"aneurysm" and "aneurysms" contradict each other');
    if (one.aneurysm === undefined && one.aneurysms === undefined && one.haemorrhage === undefined)
      fault('it tells neither of aneurysms nor of haemorrhage: a case without a truth is no negative');
    const { any, ...subtypes } = one.haemorrhage ?? { any: true };
    if (!any && Object.values(subtypes).includes(true)) fault('a subtype without "any" haemorrhage');
  });

const truthFile = z
  .strictObject({ schemaVersion: z.literal(1), cases: z.array(caseTruth).min(1) })
  .superRefine(({ cases }, context) => {
    const names = cases.map((one) => one.case);
    for (const name of new Set(names.filter((one, index) => names.indexOf(one) !== index)))
      context.addIssue({ code: 'custom', message: `the case "${name}" occurs twice` });
  });

export type CaseTruth = z.infer<typeof caseTruth>;
export type TrueLesion = z.infer<typeof lesion>;

/** The labelled cases of a truth file: JSON, or CSV by its name (docs/evaluation.md has both forms). Throws TRUTH_INVALID with every fault. */
export function parseTruth(text: string, fileName: string): readonly CaseTruth[] {
  const value = fileName.endsWith('.csv')
    ? { schemaVersion: 1, cases: casesFromRows(readTable(text, fileName, 'TRUTH_INVALID'), fileName) }
    : readJson(text, fileName);
  const parsed = truthFile.safeParse(value);
  if (parsed.success) return parsed.data.cases;
  const faults = parsed.error.issues.map(({ path, message }) => `${placeOf(path, value)}${message}`);
  throw truthInvalid(fileName, faults.join('; '));
}

/** Rows of a CSV file by its header; a blank cell is left out. Throws `code` naming the line. */
export function readTable(
  text: string,
  fileName: string,
  code: string,
): readonly Readonly<Record<string, string>>[] {
  try {
    const rows = parse<Record<string, string>>(text, {
      bom: true,
      columns: true,
      skip_empty_lines: true,
      trim: true,
    });
    return rows.map((row) => Object.fromEntries(Object.entries(row).filter(([, cell]) => cell !== '')));
  } catch (cause) {
    const why = (cause as Error).message;
    throw new WillisError(code, `${fileName} is not a table: ${why}. Correct it and try again.`, { cause });
  }
}

function readJson(text: string, fileName: string): unknown {
  try {
    return JSON.parse(text);
  } catch (cause) {
    throw truthInvalid(fileName, `it is not JSON (${(cause as Error).message})`);
  }
}

/** "case-07.aneurysms.0.diameterMm: " rather than "cases.6...." */
function placeOf(path: readonly PropertyKey[], value: unknown): string {
  const [list, index, ...rest] = path;
  if (list !== 'cases' || typeof index !== 'number') return path.length === 0 ? '' : `${path.join('.')}: `;
  const named = (value as { cases: readonly { case?: unknown }[] }).cases[index]?.case;
  return `${[typeof named === 'string' ? named : `case ${index + 1}`, ...rest].join('.')}: `;
}

export function truthInvalid(fileName: string, why: string): WillisError {
  return new WillisError(
    'TRUTH_INVALID',
    `The truth ${fileName} was refused: ${why}. Correct it and try again.`,
  );
}
