import { readFile, stat, unlink } from 'node:fs/promises';
import type { ArchiveFiles, Database, Transaction } from '../archive/index.ts';
import { keywordOf, readInstance, type Instance } from '../dicom/index.ts';
import { WillisError } from '../errors.ts';
import { enqueue } from '../jobs/index.ts';
import { checkStack, frameGeometries, type FrameGeometry } from '../volume/index.ts';
import { reprocessSeries } from './assemble.ts';
import { assembleJob } from './assemble-job.ts';
import { explain, type Rule } from './rules.ts';
import { readStudy, refreshStudy } from './study.ts';
import type { SeriesTraits } from './traits.ts';

/** An instance that came again with other content. It was acknowledged, so it is kept; the first one is the input until a person decides. */
export interface Copy {
  readonly id: number;
  readonly instanceId: number;
  readonly path: string;
  readonly receivedAt: number;
  /** File of the instance that is the input now. */
  readonly inputPath: string;
}

export interface QuarantineParts {
  readonly database: Database;
  readonly files: ArchiveFiles;
  readonly rules: readonly Rule[];
  readonly now: () => number;
}

type Within = (transaction: Transaction, count: number) => Promise<void>;

/** Copies in quarantine of one series, oldest first. */
export async function copiesOf(database: Database | Transaction, seriesId: number): Promise<readonly Copy[]> {
  return await database
    .selectFrom('instance_copy as copy')
    .innerJoin('instance', 'instance.id', 'copy.instance_id')
    .select([
      'copy.id',
      'copy.instance_id as instanceId',
      'copy.path',
      'copy.received_at as receivedAt',
      'instance.path as inputPath',
    ])
    .where('instance.series_id', '=', seriesId)
    .orderBy('copy.id')
    .execute();
}

/**
 * The newest copy of each instance becomes the input, and the series is analysed anew, as a new version. `within` runs in the same
 * transaction. Throws NOT_FOUND, or STATE_CONFLICT where a copy says it belongs to another series.
 */
export async function releaseCopies(parts: QuarantineParts, seriesId: number, within: Within): Promise<void> {
  const { database, files } = parts;
  const copies = await copiesOf(database, seriesId);
  // in the order of their coming: the last one says how the study is called
  const newest = copies.filter(
    (copy) => !copies.some((other) => other.instanceId === copy.instanceId && other.id > copy.id),
  );
  const inputs = await Promise.all(newest.map(async (copy) => await inputOf(files, copy)));
  await database.transaction().execute(async (transaction) => {
    await removeRows(transaction, seriesId, copies);
    for (const input of inputs) await replaceInput(transaction, seriesId, input);
    await analyseAnew(transaction, parts, seriesId);
    await within(transaction, newest.length);
  });
  const kept = new Set(newest.map(({ path }) => path));
  const spare = [...copies.map(({ path }) => path), ...newest.map(({ inputPath }) => inputPath)];
  for (const path of spare.filter((one) => !kept.has(one))) await unlink(files.absolute(path));
}

/** The first ones stay the input; the copies are deleted. `within` runs in the same transaction. Throws NOT_FOUND. */
export async function rejectCopies(
  { database, files }: Pick<QuarantineParts, 'database' | 'files'>,
  seriesId: number,
  within: Within,
): Promise<void> {
  const copies = await copiesOf(database, seriesId);
  await database.transaction().execute(async (transaction) => {
    await removeRows(transaction, seriesId, copies);
    await within(transaction, copies.length);
  });
  for (const { path } of copies) await unlink(files.absolute(path));
}

/** Keywords of the attributes in which a copy differs from the input, in the order of their tags; null where one of both cannot be read. */
export async function differingAttributes(
  files: ArchiveFiles,
  copy: Copy,
): Promise<readonly string[] | null> {
  try {
    return await differing(files, copy);
  } catch {
    // damaged on the disk, or gone: that is for the person who decides, and no reason to hide the other series
    return null;
  }
}

async function differing(files: ArchiveFiles, copy: Copy): Promise<readonly string[]> {
  const [one, other] = await Promise.all(
    [copy.inputPath, copy.path].map(async (path) => readInstance(await readFile(files.absolute(path)))),
  );
  const tags = new Set([...Object.keys(one!.dataSet.elements), ...Object.keys(other!.dataSet.elements)]);
  return [...tags]
    .filter((tag) => !tag.startsWith('x0002') && !bytesOf(one!, tag).equals(bytesOf(other!, tag)))
    .sort()
    .map((tag) => keywordOf(tag.slice(1)) ?? `(${tag.slice(1, 5)},${tag.slice(5)})`);
}

function bytesOf({ dataSet }: Instance, tag: string): Buffer {
  const element = dataSet.elements[tag];
  if (element === undefined) return Buffer.alloc(0);
  const { buffer, byteOffset } = dataSet.byteArray;
  return Buffer.from(buffer, byteOffset + element.dataOffset, element.length);
}

interface Input {
  readonly copy: Copy;
  readonly instance: Instance;
  readonly sizeBytes: number;
}

async function inputOf(files: ArchiveFiles, copy: Copy): Promise<Input> {
  const file = files.absolute(copy.path);
  return { copy, instance: readInstance(await readFile(file)), sizeBytes: (await stat(file)).size };
}

/** Somebody may have decided meanwhile, or another copy may have come: then nothing happens. */
async function removeRows(
  transaction: Transaction,
  seriesId: number,
  expected: readonly Copy[],
): Promise<void> {
  const ids = (await copiesOf(transaction, seriesId)).map(({ id }) => id);
  if (expected.length === 0) throw new WillisError('NOT_FOUND', 'There is no such series in quarantine.');
  if (ids.join() !== expected.map(({ id }) => id).join())
    throw new WillisError('STATE_CONFLICT', 'The quarantine of this series changed meanwhile. Look again.');
  await transaction.deleteFrom('instance_copy').where('id', 'in', ids).execute();
}

async function replaceInput(
  transaction: Transaction,
  seriesId: number,
  { copy, instance, sizeBytes }: Input,
): Promise<void> {
  const series = await transaction
    .selectFrom('series')
    .select(['series_instance_uid', 'study_instance_uid'])
    .where('id', '=', seriesId)
    .executeTakeFirstOrThrow();
  const { attributes, sopClassUid, sopInstanceUid, transferSyntaxUid } = instance;
  const [seriesUid, studyUid] = [attributes.text('SeriesInstanceUID'), attributes.text('StudyInstanceUID')];
  if (seriesUid !== series.series_instance_uid || studyUid !== series.study_instance_uid)
    throw new WillisError(
      'STATE_CONFLICT',
      'A copy says that it belongs to another series or study, so it cannot take the place of the first one. Reject it, and look at the sending device.',
    );
  const frames = JSON.stringify(frameGeometries(sopClassUid, sopInstanceUid, attributes));
  await transaction
    .updateTable('instance')
    .set({
      path: copy.path,
      size_bytes: sizeBytes,
      frames,
      sop_class_uid: sopClassUid,
      transfer_syntax_uid: transferSyntaxUid,
    })
    .where('id', '=', copy.instanceId)
    .execute();
  await refreshStudy(transaction, series.study_instance_uid, readStudy(attributes));
}

/** By the rule of its newest analysis; a series that was never analysed is judged again, one that was fetched as a prior is not. */
async function analyseAnew(
  transaction: Transaction,
  { rules, now }: QuarantineParts,
  seriesId: number,
): Promise<void> {
  const { origin } = await transaction
    .selectFrom('series')
    .select('origin')
    .where('id', '=', seriesId)
    .executeTakeFirstOrThrow();
  if (origin === 'prior') return;
  const rule = await ruleOf(transaction, rules, seriesId);
  if (rule !== undefined) await reprocessSeries(transaction, { seriesId, rule, now: now() });
  else await enqueue(transaction, assembleJob(seriesId, now()), now());
}

async function ruleOf(
  transaction: Transaction,
  rules: readonly Rule[],
  seriesId: number,
): Promise<Rule | undefined> {
  const newest = await transaction
    .selectFrom('analysis')
    .select('rule')
    .where('series_id', '=', seriesId)
    .orderBy('id', 'desc')
    .executeTakeFirst();
  if (newest === undefined) return undefined;
  const same = rules.find(({ name }) => name === newest.rule);
  if (same !== undefined) return same;
  const series = await transaction
    .selectFrom('series')
    .select('description')
    .where('id', '=', seriesId)
    .executeTakeFirstOrThrow();
  const instances = await transaction
    .selectFrom('instance')
    .select('frames')
    .where('series_id', '=', seriesId)
    .execute();
  const traits = JSON.parse(series.description) as SeriesTraits;
  const stack = checkStack(
    instances.flatMap(({ frames }) => JSON.parse(frames) as FrameGeometry[]),
    traits.expectedCount ?? undefined,
  );
  return rules.find((one) => explain(one, traits, stack).matches);
}
