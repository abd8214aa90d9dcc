import type SqliteDatabase from 'better-sqlite3';
import type { Kysely } from 'kysely';
import type { Tables } from './schema.ts';

type Database = Kysely<Tables>;
type Value = string | number | null;

/** Statements of the open transaction, each prepared once in the life of the index. */
export interface Statements {
  /** Runs `sql`; the first row it returns, if any. */
  row(sql: string, ...values: readonly Value[]): unknown;
  run(sql: string, ...values: readonly Value[]): void;
}

const connections = new WeakMap<Database, { sqlite: SqliteDatabase.Database; statements: Statements }>();

/** Lets `inOneGo` find the connection under the query builder. */
export function rememberConnection(database: Database, sqlite: SqliteDatabase.Database): void {
  connections.set(database, { sqlite, statements: preparedOn(sqlite) });
}

/**
 * One transaction that nothing interrupts, for the path that is walked once an image: there the query builder costs more
 * than the index itself. It waits for its turn behind the builder's transactions, which share the connection.
 */
export async function inOneGo<T>(database: Database, work: (statements: Statements) => T): Promise<T> {
  const { sqlite, statements } = connections.get(database)!;
  return await database
    .connection()
    .execute(async () => await Promise.resolve(sqlite.transaction(() => work(statements))()));
}

/** The connection under the query builder, for what only the driver can do. */
export function connectionOf(database: Database): SqliteDatabase.Database {
  return connections.get(database)!.sqlite;
}

function preparedOn(sqlite: SqliteDatabase.Database): Statements {
  const prepared = new Map<string, SqliteDatabase.Statement<Value[]>>();
  const statement = (sql: string): SqliteDatabase.Statement<Value[]> => {
    const known = prepared.get(sql) ?? sqlite.prepare<Value[]>(sql);
    prepared.set(sql, known);
    return known;
  };
  return {
    row: (sql, ...values) => statement(sql).get(...values),
    run: (sql, ...values) => void statement(sql).run(...values),
  };
}
