import type { FastifyError, FastifyReply, FastifyRequest } from 'fastify';
import { hasZodFastifySchemaValidationErrors } from 'fastify-type-provider-zod';
import { WillisError } from '../errors.ts';
import type { NodeAccess } from './options.ts';

/** HTTP status by error code: the third edge where errors are translated (beside DIMSE status and job outcome). */
const statuses: Readonly<Record<string, number>> = {
  LOGIN_NEEDED: 401,
  LOGIN_WRONG: 401,
  SETUP_CODE_WRONG: 401,
  NOT_ALLOWED: 403,
  CSRF_REFUSED: 403,
  HOST_UNKNOWN: 421,
  NOT_FOUND: 404,
  CONFIG_VERSION_UNKNOWN: 404,
  SETUP_DONE: 409,
  CONFIG_CHANGED: 409,
  STATE_CONFLICT: 409,
  CONFIG_INVALID: 422,
  UPLOAD_TOO_LARGE: 413,
  NOT_ACCEPTABLE: 406,
  MEDIA_TYPE_UNSUPPORTED: 415,
  REQUEST_INVALID: 400,
  NODE_BUSY: 503,
};

export function answerFault(node: NodeAccess) {
  return (error: FastifyError | WillisError | Error, request: FastifyRequest, reply: FastifyReply): void => {
    if (error instanceof WillisError) {
      void reply.status(statuses[error.code] ?? 422).send({ code: error.code, message: error.message });
      return;
    }
    if (hasZodFastifySchemaValidationErrors(error)) {
      const faults = error.validation.map((one) => `${one.instancePath || '/'}: ${one.message ?? ''}`);
      void reply.status(400).send({ code: 'REQUEST_INVALID', message: faults.join('; ') });
      return;
    }
    const status = (error as FastifyError).statusCode ?? 500;
    if (status < 500) {
      void reply.status(status).send({ code: 'REQUEST_INVALID', message: error.message });
      return;
    }
    node.log.error('a web request failed', {
      route: `${request.method} ${request.routeOptions.url ?? ''}`,
      why: error.message,
    });
    void reply
      .status(500)
      .send({ code: 'INTERNAL_FAULT', message: 'The node could not answer. The log says more.' });
  };
}

export function notFound(what: string): WillisError {
  return new WillisError('NOT_FOUND', `There is no such ${what}.`);
}
