import { readFile } from 'node:fs/promises';
import { z } from 'zod';
import { readInstance, type Instance } from '../../dicom/index.ts';
import { notFound } from '../faults.ts';
import type { NodeAccess } from '../options.ts';

/** An object of the archive: received, or made by an analysis. */
export interface Stored {
  readonly studyInstanceUid: string;
  readonly seriesInstanceUid: string;
  readonly sopInstanceUid: string;
  readonly sopClassUid: string;
  readonly transferSyntaxUid: string;
  readonly path: string;
}

const uid = z.string().regex(/^[0-9.]{1,64}$/);
export const studyPlace = z.object({ study: uid });
export const seriesPlace = studyPlace.extend({ series: uid });
export const instancePlace = seriesPlace.extend({ instance: uid });

export interface Place {
  readonly study?: string | undefined;
  readonly series?: string | undefined;
  readonly instance?: string | undefined;
}

/** Sources, then results, each in the order they came; at most `limit` after `offset`. */
export async function storedObjects(
  node: NodeAccess,
  place: Place,
  page: { readonly limit: number; readonly offset: number } = { limit: 100_000, offset: 0 },
): Promise<readonly Stored[]> {
  const upTo = page.offset + page.limit;
  const sources = await sourceRows(node, place, upTo);
  const results = sources.length >= upTo ? [] : await resultRows(node, place, upTo - sources.length);
  return [...sources, ...results]
    .slice(page.offset)
    .map((row) => ({ ...row, path: node.files.absolute(row.path) }));
}

/** The same, where nothing there is an error (PS3.18 10.4.3.2). */
export async function objectsAt(node: NodeAccess, place: Place): Promise<readonly Stored[]> {
  const found = await storedObjects(node, place);
  if (found.length === 0) throw notFound('study, series or instance');
  return found;
}

export async function readStored(stored: Stored): Promise<Instance> {
  return readInstance(await readFile(stored.path));
}

async function sourceRows(node: NodeAccess, place: Place, limit: number): Promise<readonly Stored[]> {
  let rows = node.database
    .selectFrom('instance')
    .innerJoin('series', 'series.id', 'instance.series_id')
    .select([
      'series.study_instance_uid as studyInstanceUid',
      'series.series_instance_uid as seriesInstanceUid',
      'instance.sop_instance_uid as sopInstanceUid',
      'instance.sop_class_uid as sopClassUid',
      'instance.transfer_syntax_uid as transferSyntaxUid',
      'instance.path as path',
    ]);
  if (place.study !== undefined) rows = rows.where('series.study_instance_uid', '=', place.study);
  if (place.series !== undefined) rows = rows.where('series.series_instance_uid', '=', place.series);
  if (place.instance !== undefined) rows = rows.where('instance.sop_instance_uid', '=', place.instance);
  return await rows.orderBy('instance.id').limit(limit).execute();
}

async function resultRows(node: NodeAccess, place: Place, limit: number): Promise<readonly Stored[]> {
  let rows = node.database
    .selectFrom('result')
    .innerJoin('analysis', 'analysis.id', 'result.analysis_id')
    .innerJoin('series', 'series.id', 'analysis.series_id')
    .select([
      'series.study_instance_uid as studyInstanceUid',
      'result.series_instance_uid as seriesInstanceUid',
      'result.sop_instance_uid as sopInstanceUid',
      'result.sop_class_uid as sopClassUid',
      'result.transfer_syntax_uid as transferSyntaxUid',
      'result.path as path',
    ]);
  if (place.study !== undefined) rows = rows.where('series.study_instance_uid', '=', place.study);
  if (place.series !== undefined) rows = rows.where('result.series_instance_uid', '=', place.series);
  if (place.instance !== undefined) rows = rows.where('result.sop_instance_uid', '=', place.instance);
  return await rows.orderBy('result.id').limit(limit).execute();
}
