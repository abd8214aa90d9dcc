import { z } from 'zod';
import type { StudyRow } from '../../archive/index.ts';
import type { SeriesTraits } from '../../intake/index.ts';
import type { App } from '../app.ts';
import { seriesState, studyPage, type StudyLine, type StudyPage } from '../contract.ts';
import type { NodeAccess } from '../options.ts';

const query = z.object({
  search: z.string().max(200).default(''),
  state: seriesState.optional(),
  /** What `next` of the page before said. */
  after: z
    .string()
    .regex(/^\d+-\d+$/)
    .optional(),
  limit: z.coerce.number().int().min(1).max(200).default(50),
});

type Query = z.infer<typeof query>;

/** Studies, newest first, by words of name, id, accession number and description. */
export function studyRoutes(app: App, node: NodeAccess): void {
  const schema = { querystring: query, response: { 200: studyPage } };
  app.get('/api/studies', { config: { access: 'read' }, schema }, async (request) => {
    return await listStudies(node, request.query);
  });
}

export async function listStudies(node: Pick<NodeAccess, 'database'>, asked: Query): Promise<StudyPage> {
  const rows = await studyRows(node, asked);
  const series = await seriesOf(node, rows);
  const last = rows.length === asked.limit ? rows.at(-1) : undefined;
  return {
    studies: rows.map((row) => studyLineOf(row, series.get(row.study_instance_uid) ?? [])),
    next: last === undefined ? null : `${last.last_received_at}-${last.id}`,
  };
}

/** Keyset paging: the hundredth page costs what the first one costs. Which rows is decided inside one index. */
async function studyRows(node: Pick<NodeAccess, 'database'>, asked: Query): Promise<readonly StudyRow[]> {
  let ids = node.database.selectFrom('study').select('id');
  for (const word of asked.search
    .toLowerCase()
    .split(/[\s^=]+/)
    .filter((one) => one !== ''))
    ids = ids.where((eb) => eb(eb.fn<number>('instr', ['search_text', eb.val(word)]), '>', 0));
  const { state } = asked;
  if (state !== undefined)
    ids = ids.where((eb) =>
      eb.exists(
        eb
          .selectFrom('series')
          .select('series.id')
          .whereRef('series.study_instance_uid', '=', 'study.study_instance_uid')
          .where('series.state', '=', state),
      ),
    );
  if (asked.after !== undefined) {
    const [at, id] = asked.after.split('-').map(Number) as [number, number];
    ids = ids
      .where('last_received_at', '<=', at)
      .where((eb) => eb.or([eb('last_received_at', '<', at), eb('id', '<', id)]));
  }
  const chosen = await ids
    .orderBy('last_received_at', 'desc')
    .orderBy('id', 'desc')
    .limit(asked.limit)
    .execute();
  if (chosen.length === 0) return [];
  return await node.database
    .selectFrom('study')
    .selectAll()
    .where(
      'id',
      'in',
      chosen.map(({ id }) => id),
    )
    .orderBy('last_received_at', 'desc')
    .orderBy('id', 'desc')
    .execute();
}

interface SeriesLine {
  readonly uid: string;
  readonly line: StudyLine['series'][number];
}

async function seriesOf(
  node: Pick<NodeAccess, 'database'>,
  studies: readonly StudyRow[],
): Promise<Map<string, SeriesLine[]>> {
  if (studies.length === 0) return new Map();
  const uids = studies.map((row) => row.study_instance_uid);
  const rows = await node.database
    .selectFrom('series')
    .selectAll()
    .where('study_instance_uid', 'in', uids)
    .orderBy('id')
    .execute();
  const lines = rows.map((row) => ({
    uid: row.study_instance_uid,
    line: {
      id: row.id,
      modality: row.modality,
      description: (JSON.parse(row.description) as SeriesTraits).seriesDescription,
      state: row.state,
      reason: row.reason_code === null ? null : { code: row.reason_code, text: row.reason_text ?? '' },
    },
  }));
  return Map.groupBy(lines, ({ uid }) => uid);
}

function studyLineOf(row: StudyRow, series: readonly SeriesLine[]): StudyLine {
  return {
    id: row.id,
    studyInstanceUid: row.study_instance_uid,
    patientName: row.patient_name,
    patientId: row.patient_id,
    patientBirthDate: row.patient_birth_date,
    patientSex: row.patient_sex,
    studyDate: row.study_date,
    studyDescription: row.study_description,
    accessionNumber: row.accession_number,
    lastReceivedAt: row.last_received_at,
    series: series.map(({ line }) => line),
  };
}
