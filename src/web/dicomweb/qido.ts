import type { FastifyReply, FastifyRequest } from 'fastify';
import { z } from 'zod';
import type { StudyRow } from '../../archive/index.ts';
import { dictionaryEntry, readHeaderJson, type JsonAttribute, type JsonDataset } from '../../dicom/index.ts';
import type { App } from '../app.ts';
import type { NodeAccess } from '../options.ts';
import { sendDicomJson } from './dicom-json.ts';
import { matching, readQuery, type Query } from './query.ts';
import { readStored, seriesPlace, storedObjects, studyPlace, type Place, type Stored } from './stored.ts';

const read = { access: 'read' } as const;

/** Search Transaction (PS3.18 10.6): studies, series and instances. */
export function qidoRoutes(app: App, node: NodeAccess): void {
  const answer = async (
    request: FastifyRequest,
    reply: FastifyReply,
    search: (query: Query, base: string) => Promise<readonly JsonDataset[]>,
  ): Promise<unknown> => {
    const query = readQuery(request.query as Record<string, string | string[]>);
    const found = await search(query, baseOf(request));
    if (found.length === 0) return await reply.status(204).send();
    return await sendDicomJson(reply, found);
  };
  const at = (params: z.ZodType) => ({ config: read, schema: { params } });

  app.get(
    '/dicom-web/studies',
    { config: read },
    async (request, reply) =>
      await answer(request, reply, async (query, base) => await searchStudies(node, query, base)),
  );
  app.get(
    '/dicom-web/series',
    { config: read },
    async (request, reply) =>
      await answer(request, reply, async (query, base) => await searchSeries(node, {}, { query, base })),
  );
  app.get(
    '/dicom-web/instances',
    { config: read },
    async (request, reply) =>
      await answer(request, reply, async (query, base) => await searchInstances(node, {}, { query, base })),
  );
  app.get(
    '/dicom-web/studies/:study/series',
    at(studyPlace),
    async (request, reply) =>
      await answer(
        request,
        reply,
        async (query, base) => await searchSeries(node, request.params as Place, { query, base }),
      ),
  );
  for (const [url, params] of [
    ['/dicom-web/studies/:study/instances', studyPlace],
    ['/dicom-web/studies/:study/series/:series/instances', seriesPlace],
  ] as const) {
    app.get(
      url,
      at(params),
      async (request, reply) =>
        await answer(
          request,
          reply,
          async (query, base) => await searchInstances(node, request.params as Place, { query, base }),
        ),
    );
  }
}

export function baseOf(request: FastifyRequest): string {
  return `${request.protocol}://${request.host}/dicom-web`;
}

async function searchStudies(node: NodeAccess, query: Query, base: string): Promise<readonly JsonDataset[]> {
  const rows = await studyRows(node, query);
  const found: JsonDataset[] = [];
  for (const row of rows) {
    const objects = await storedObjects(node, { study: row.study_instance_uid });
    const modalities = await modalitiesOf(node, row.study_instance_uid, objects);
    const wanted = query.matches.get('ModalitiesInStudy');
    if (wanted !== undefined && !modalities.some((modality) => matching(wanted, modality))) continue;
    const series = new Set(objects.map((one) => one.seriesInstanceUid));
    found.push(
      dataset({
        ...studyAttributes(row),
        ModalitiesInStudy: modalities,
        NumberOfStudyRelatedSeries: [series.size],
        NumberOfStudyRelatedInstances: [objects.length],
        RetrieveURL: [`${base}/studies/${row.study_instance_uid}`],
        InstanceAvailability: ['ONLINE'],
      }),
    );
  }
  return found;
}

const studyColumns = {
  StudyInstanceUID: 'study_instance_uid',
  PatientName: 'patient_name',
  PatientID: 'patient_id',
  PatientBirthDate: 'patient_birth_date',
  PatientSex: 'patient_sex',
  StudyDate: 'study_date',
  StudyTime: 'study_time',
  AccessionNumber: 'accession_number',
  StudyDescription: 'study_description',
  StudyID: 'study_id',
  ReferringPhysicianName: 'referring_physician_name',
} as const satisfies Readonly<Record<string, keyof StudyRow>>;

/** Universal, exact, wildcard, list of UIDs, and range of dates (PS3.4 C.2.2.2), in the index. */
async function studyRows(node: NodeAccess, query: Query): Promise<readonly StudyRow[]> {
  let rows = node.database.selectFrom('study').selectAll();
  for (const [keyword, wanted] of query.matches) {
    if (!(keyword in studyColumns)) continue;
    const column = studyColumns[keyword as keyof typeof studyColumns];
    const range = /^(\d{8})?-(\d{8})?$/.exec(wanted);
    if (keyword === 'StudyInstanceUID') rows = rows.where(column, 'in', wanted.split(/[,\\]/));
    else if (range !== null && keyword.endsWith('Date')) {
      if (range[1] !== undefined) rows = rows.where(column, '>=', range[1]);
      rows = rows.where(column, '<=', range[2] ?? '99999999').where(column, '!=', '');
    } else
      rows = rows.where(column, 'like', wanted.replace(/[%_]/g, '?').replace(/\*/g, '%').replace(/\?/g, '_'));
  }
  return await rows
    .orderBy('last_received_at', 'desc')
    .orderBy('id', 'desc')
    .limit(query.limit)
    .offset(query.offset)
    .execute();
}

function studyAttributes(row: StudyRow): Record<string, readonly unknown[]> {
  return Object.fromEntries(
    Object.entries(studyColumns).map(([keyword, column]) => [
      keyword,
      row[column] === '' ? [] : [row[column]],
    ]),
  );
}

async function modalitiesOf(node: NodeAccess, study: string, objects: readonly Stored[]): Promise<string[]> {
  const rows = await node.database
    .selectFrom('series')
    .select('modality')
    .distinct()
    .where('study_instance_uid', '=', study)
    .execute();
  const hasReport = objects.some(({ sopClassUid }) => sopClassUid.startsWith('1.2.840.10008.5.1.4.1.1.88.'));
  return [...new Set([...rows.map(({ modality }) => modality), ...(hasReport ? ['SR'] : [])])];
}

interface Asked {
  readonly query: Query;
  readonly base: string;
}

const seriesKeywords = [
  'Modality',
  'SeriesDescription',
  'SeriesNumber',
  'SeriesInstanceUID',
  'StudyInstanceUID',
  'PerformedProcedureStepStartDate',
  'PerformedProcedureStepStartTime',
] as const;

/** What is said of a series is read from its first object. */
async function searchSeries(
  node: NodeAccess,
  place: Place,
  { query, base }: Asked,
): Promise<readonly JsonDataset[]> {
  const objects = await storedObjects(node, { ...place, ...placeIn(query) });
  const found: JsonDataset[] = [];
  for (const group of Map.groupBy(objects, (one) => one.seriesInstanceUid).values()) {
    const first = group[0]!;
    const whole = readHeaderJson(await readStored(first), () => '');
    if (!matchesAll(whole, query)) continue;
    const extra = dataset({
      NumberOfSeriesRelatedInstances: [group.length],
      RetrieveURL: [`${base}/studies/${first.studyInstanceUid}/series/${first.seriesInstanceUid}`],
    });
    found.push({ ...pick(whole, [...seriesKeywords, ...query.fields]), ...extra });
    if (found.length >= query.offset + query.limit) break;
  }
  return found.slice(query.offset);
}

const instanceKeywords = [
  'SOPClassUID',
  'SOPInstanceUID',
  'SeriesInstanceUID',
  'StudyInstanceUID',
  'Modality',
  'InstanceNumber',
  'Rows',
  'Columns',
  'BitsAllocated',
  'NumberOfFrames',
] as const;

async function searchInstances(
  node: NodeAccess,
  place: Place,
  { query, base }: Asked,
): Promise<readonly JsonDataset[]> {
  const objects = await storedObjects(node, { ...place, ...placeIn(query) });
  const found: JsonDataset[] = [];
  for (const one of objects) {
    if (found.length >= query.offset + query.limit) break;
    const whole = readHeaderJson(await readStored(one), () => '');
    if (!matchesAll(whole, query)) continue;
    const url = `${base}/studies/${one.studyInstanceUid}/series/${one.seriesInstanceUid}/instances/${one.sopInstanceUid}`;
    found.push({
      ...pick(whole, [...instanceKeywords, ...query.fields]),
      ...dataset({ RetrieveURL: [url] }),
    });
  }
  return found.slice(query.offset);
}

/** UIDs asked for lead straight to the rows. */
function placeIn(query: Query): Place {
  const uid = (keyword: string): string | undefined => {
    const wanted = query.matches.get(keyword);
    return wanted !== undefined && /^[0-9.]+$/.test(wanted) ? wanted : undefined;
  };
  const [study, series, instance] = ['StudyInstanceUID', 'SeriesInstanceUID', 'SOPInstanceUID'].map(uid);
  return Object.fromEntries(
    Object.entries({ study, series, instance }).filter(([, value]) => value !== undefined),
  );
}

function matchesAll(whole: JsonDataset, query: Query): boolean {
  return [...query.matches].every(([keyword, wanted]) => {
    const values = whole[dictionaryEntry(keyword).tag]?.Value ?? [];
    if (wanted === '' || wanted === '*') return true;
    return values.some((value) => matching(wanted, textOf(value)));
  });
}

function textOf(value: unknown): string {
  if (typeof value === 'object' && value !== null) return Object.values(value).join('=');
  return typeof value === 'string' || typeof value === 'number' ? String(value) : '';
}

function pick(whole: JsonDataset, keywords: readonly string[]): JsonDataset {
  const tags = keywords.map((keyword) => dictionaryEntry(keyword).tag);
  return Object.fromEntries(tags.flatMap((tag) => (whole[tag] === undefined ? [] : [[tag, whole[tag]]])));
}

/** DICOM JSON of values by keyword. */
function dataset(values: Readonly<Record<string, readonly unknown[]>>): JsonDataset {
  return Object.fromEntries(
    Object.entries(values).map(([keyword, Value]) => {
      const { tag, vr } = dictionaryEntry(keyword);
      return [tag, attribute(vr, Value)];
    }),
  );
}

function attribute(vr: string, values: readonly unknown[]): JsonAttribute {
  if (values.length === 0) return { vr };
  const isName = vr === 'PN';
  return { vr, Value: isName ? values.map((value) => ({ Alphabetic: String(value) })) : values };
}
