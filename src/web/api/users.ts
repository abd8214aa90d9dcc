import { z } from 'zod';
import type { Transaction } from '../../archive/index.ts';
import { WillisError } from '../../errors.ts';
import type { App } from '../app.ts';
import { record } from '../audit.ts';
import { apiToken, role, user } from '../contract.ts';
import { notFound } from '../faults.ts';
import type { NodeAccess } from '../options.ts';
import { hashPassword } from '../security/passwords.ts';
import { newSecret, sha256 } from '../security/secrets.ts';
import { userName, userPassword } from './user-fields.ts';

const admin = { access: 'admin' } as const;
const byId = z.object({ id: z.coerce.number().int() });

/** Who may sign in, and which programs may ask. */
export function userRoutes(app: App, node: NodeAccess): void {
  const { database } = node;
  app.get('/api/users', { config: admin, schema: { response: { 200: z.array(user) } } }, async () => {
    const rows = await database.selectFrom('user').selectAll().orderBy('name').execute();
    return rows.map((row) => ({ id: row.id, name: row.name, role: row.role, createdAt: row.created_at }));
  });

  const added = z.strictObject({ name: userName, role, password: userPassword });
  app.post('/api/users', { config: admin, schema: { body: added } }, async (request, reply) => {
    const { name, role: wanted, password } = request.body;
    const passwordHash = await hashPassword(password);
    await database.transaction().execute(async (transaction) => {
      const taken = await transaction
        .selectFrom('user')
        .select('id')
        .where('name', '=', name)
        .executeTakeFirst();
      if (taken !== undefined) throw new WillisError('STATE_CONFLICT', `There is a user "${name}" already.`);
      const values = { name, role: wanted, password_hash: passwordHash, created_at: node.now() };
      await transaction.insertInto('user').values(values).execute();
      await record(node, request, { action: 'user added', object: name, detail: wanted }, transaction);
    });
    return await reply.status(204).send();
  });

  const removal = { config: admin, schema: { params: byId } } as const;
  app.delete('/api/users/:id', removal, async (request, reply) => {
    await database.transaction().execute(async (transaction) => {
      const name = await removeUser(transaction, request.params.id);
      await record(node, request, { action: 'user removed', object: name }, transaction);
    });
    return await reply.status(204).send();
  });
  tokenRoutes(app, node);
}

async function removeUser(transaction: Transaction, id: number): Promise<string> {
  const row = await transaction.deleteFrom('user').where('id', '=', id).returning('name').executeTakeFirst();
  if (row === undefined) throw notFound('user');
  const left = await transaction
    .selectFrom('user')
    .select('id')
    .where('role', '=', 'admin')
    .executeTakeFirst();
  if (left === undefined)
    throw new WillisError(
      'STATE_CONFLICT',
      'The last administrator cannot be removed: nobody could add another.',
    );
  return row.name;
}

function tokenRoutes(app: App, node: NodeAccess): void {
  const { database } = node;
  app.get('/api/tokens', { config: admin, schema: { response: { 200: z.array(apiToken) } } }, async () => {
    const rows = await database.selectFrom('api_token').selectAll().orderBy('name').execute();
    return rows.map((row) => ({ id: row.id, name: row.name, scope: row.scope, createdAt: row.created_at }));
  });

  const body = z.strictObject({ name: userName, scope: z.enum(['read', 'store', 'metrics']) });
  const response = { 200: z.object({ token: z.string() }) };
  app.post('/api/tokens', { config: admin, schema: { body, response } }, async (request) => {
    const { name, scope } = request.body;
    const token = newSecret();
    await database.transaction().execute(async (transaction) => {
      const taken = await transaction
        .selectFrom('api_token')
        .select('id')
        .where('name', '=', name)
        .executeTakeFirst();
      if (taken !== undefined) throw new WillisError('STATE_CONFLICT', `There is a token "${name}" already.`);
      const values = { name, scope, token_sha256: sha256(token), created_at: node.now() };
      await transaction.insertInto('api_token').values(values).execute();
      await record(node, request, { action: 'token added', object: name, detail: scope }, transaction);
    });
    return { token };
  });

  app.delete('/api/tokens/:id', { config: admin, schema: { params: byId } }, async (request, reply) => {
    await database.transaction().execute(async (transaction) => {
      const row = await transaction
        .deleteFrom('api_token')
        .where('id', '=', request.params.id)
        .returning('name')
        .executeTakeFirst();
      if (row === undefined) throw notFound('token');
      await record(node, request, { action: 'token removed', object: row.name }, transaction);
    });
    return await reply.status(204).send();
  });
}
