import type SqliteDatabase from 'better-sqlite3';
import { SqliteDialect, SqliteDriver, type DatabaseConnection, type Driver } from 'kysely';

/** SQLite as kysely speaks to it, but that a failure keeps its own name. */
export class IndexDialect extends SqliteDialect {
  private readonly sqlite: SqliteDatabase.Database;

  constructor(sqlite: SqliteDatabase.Database) {
    super({ database: sqlite });
    this.sqlite = sqlite;
  }

  override createDriver(): Driver {
    return new IndexDriver(this.sqlite);
  }
}

class IndexDriver extends SqliteDriver {
  private readonly sqlite: SqliteDatabase.Database;

  constructor(sqlite: SqliteDatabase.Database) {
    super({ database: sqlite });
    this.sqlite = sqlite;
  }

  /** A full disk makes SQLite roll back by itself (lang_transaction.html); the second rollback would fail, and hide why. */
  override async rollbackTransaction(connection: DatabaseConnection): Promise<void> {
    if (this.sqlite.inTransaction) await super.rollbackTransaction(connection);
  }
}
