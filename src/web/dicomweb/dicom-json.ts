import type { FastifyReply } from 'fastify';

export const dicomJson = 'application/dicom+json';

/** Sends DICOM JSON (PS3.18 F) as bytes, so that the type goes out as it is: some clients know it without a charset only. */
export async function sendDicomJson(reply: FastifyReply, value: object, type = dicomJson): Promise<unknown> {
  return await reply.type(type).send(Buffer.from(JSON.stringify(value)));
}
