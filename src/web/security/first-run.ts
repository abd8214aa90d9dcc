import type { Database } from '../../archive/index.ts';
import { newSetupCode, sha256 } from './secrets.ts';

/** While there is no user, makes a fresh code for the first administrator; the index keeps its hash alone. */
export async function prepareFirstRun(database: Database): Promise<string | null> {
  const user = await database.selectFrom('user').select('id').limit(1).executeTakeFirst();
  if (user !== undefined) return null;
  const code = newSetupCode();
  const codeSha256 = sha256(code);
  await database
    .insertInto('setup_code')
    .values({ id: 1, code_sha256: codeSha256 })
    .onConflict((conflict) => conflict.column('id').doUpdateSet({ code_sha256: codeSha256 }))
    .execute();
  return code;
}
