import { openClient, refused, type WebServer } from './dicomweb.ts';
import type { EchoReport } from './verification.ts';

/** Does a DICOMweb server answer us, and does it know us? Asks for one study. Throws PEER_UNREACHABLE or DICOMWEB_REFUSED. */
export async function checkWebServer(server: WebServer): Promise<EchoReport> {
  const started = performance.now();
  await using client = await openClient(server);
  const reply = await client.send('GET', '/studies?limit=1', { accept: 'application/dicom+json' });
  if ([401, 403].includes(reply.status) || reply.status >= 500) throw refused(server, reply);
  const lines = [
    `${server.url} answered in ${Math.round(performance.now() - started)} ms${server.tls === undefined ? '' : ', its certificate is trusted'}.`,
    `We showed it ${credentials(server)}.`,
    reply.status === 200 || reply.status === 204
      ? 'It searches its studies (QIDO-RS): a DICOMweb server.'
      : `It does not search (HTTP ${reply.status}); it may store all the same. The first result will tell.`,
  ];
  return { lines };
}

function credentials(server: WebServer): string {
  if (server.bearerToken !== undefined) return 'a bearer token';
  return server.basic === undefined ? 'no password or token' : 'user and password';
}
