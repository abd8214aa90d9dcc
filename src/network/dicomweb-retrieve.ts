import { WillisError } from '../errors.ts';
import { openClient, refused, type WebClient, type WebReply, type WebServer } from './dicomweb.ts';

/** A study that a QIDO-RS search found. */
export interface FoundStudy {
  readonly patientId: string;
  readonly studyInstanceUid: string;
  readonly studyDate: string;
  readonly modalities: readonly string[];
}

/** QIDO-RS for studies (PS3.18 10.6). Throws PEER_UNREACHABLE or DICOMWEB_REFUSED. */
export async function searchStudies(
  server: WebServer,
  by: { readonly patientId: string; readonly studyDates: string },
): Promise<readonly FoundStudy[]> {
  await using client = await openClient(server);
  const query = new URLSearchParams({
    PatientID: by.patientId,
    StudyDate: by.studyDates,
    includefield: 'ModalitiesInStudy',
  });
  const studies = await json(client, `/studies?${query.toString()}`);
  return studies.map((study) => ({
    patientId: value(study, '00100020'),
    studyInstanceUid: value(study, '0020000D'),
    studyDate: value(study, '00080020'),
    modalities: (study['00080061']?.Value ?? []).map(String),
  }));
}

/**
 * WADO-RS of one study, an instance at a time (PS3.18 10.4): each as Part 10 bytes, in the transfer syntax the server has it in.
 * Throws PEER_UNREACHABLE or DICOMWEB_REFUSED.
 */
export async function* retrieveStudy(server: WebServer, studyInstanceUid: string): AsyncIterable<Buffer> {
  await using client = await openClient(server);
  const study = `/studies/${studyInstanceUid}`;
  for (const instance of await json(client, `${study}/instances`)) {
    const place = `${study}/series/${value(instance, '0020000E')}/instances/${value(instance, '00080018')}`;
    const reply = await client.send('GET', place, {
      accept: 'multipart/related; type="application/dicom"; transfer-syntax=*',
    });
    if (reply.status !== 200) throw refused(server, reply);
    yield firstPart(server, reply);
  }
}

type JsonDataset = Readonly<Record<string, { readonly Value?: readonly unknown[] } | undefined>>;

async function json(client: WebClient, place: string): Promise<readonly JsonDataset[]> {
  const reply = await client.send('GET', place, { accept: 'application/dicom+json' });
  // no content: nothing was found
  if (reply.status === 204) return [];
  if (reply.status !== 200) throw refused(client.server, reply);
  try {
    return JSON.parse(reply.body.toString('utf8')) as readonly JsonDataset[];
  } catch (cause) {
    throw notReadable(client.server, cause);
  }
}

function value(dataset: JsonDataset, tag: string): string {
  const first = dataset[tag]?.Value?.[0];
  return typeof first === 'string' ? first : '';
}

function firstPart(server: WebServer, reply: WebReply): Buffer {
  const boundary = /boundary="?([^";]+)/i.exec(reply.contentType)?.[1];
  const { body } = reply;
  if (boundary === undefined) throw notReadable(server);
  const start = body.indexOf('\r\n\r\n', body.indexOf(`--${boundary}`));
  const end = body.indexOf(`\r\n--${boundary}`, start + 4);
  if (start < 0 || end < 0) throw notReadable(server);
  return body.subarray(start + 4, end);
}

function notReadable(server: WebServer, cause?: unknown): WillisError {
  return new WillisError('DICOMWEB_REFUSED', `${server.url} gave an answer that cannot be read.`, {
    cause,
    retry: 'later',
  });
}
