import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { databaseIdentity } from '#database/identity.ts';
import { migrate } from '#database/migrate.ts';
import { startEmbeddedPostgres } from '#local/embedded-postgres.ts';
import { createDatabase, type TestDatabase, writePosts } from '../setup/database.ts';
import { parseDatabaseUrl } from '../setup/database-address.ts';

/** The same database's address for a new user who may read it. */
async function asReader(database: TestDatabase) {
  const user = database.address.database.replace('test', 'reader');
  await database.query(`CREATE ROLE ${user} LOGIN PASSWORD 'of-a-test'`);
  await database.query(`GRANT SELECT ON "Post" TO ${user}`);
  return { ...database.address, user, password: 'of-a-test' };
}

describe('databaseIdentity', () => {
  it('is the same for other posts, another user, and another host name', async () => {
    const database = await createDatabase({ migrated: true });
    const identity = await databaseIdentity(database.address);
    expect(identity).toMatch(/^[0-9a-f]{12}$/);
    await writePosts(database, 3);
    expect(await databaseIdentity({ ...(await asReader(database)), host: 'localhost' })).toBe(identity);
  });

  it('differs for another database, and for a table that was created again', async () => {
    const [one, other] = await Promise.all([
      createDatabase({ migrated: true }),
      createDatabase({ migrated: true }),
    ]);
    const identity = await databaseIdentity(one.address);
    expect(await databaseIdentity(other.address)).not.toBe(identity);
    await one.query('CREATE TABLE "Copy" (LIKE "Post" INCLUDING ALL)');
    await one.query('DROP TABLE "Post"');
    await one.query('ALTER TABLE "Copy" RENAME TO "Post"');
    expect(await databaseIdentity(one.address)).not.toBe(identity);
  });

  it('differs for another server that was set up the same way', async () => {
    const identityOfNewServer = async () => {
      const folder = mkdtempSync(join(tmpdir(), 'sealed-identity-'));
      const postgres = await startEmbeddedPostgres(folder);
      try {
        const address = parseDatabaseUrl(readFileSync(postgres.urlFile, 'utf8').trim(), 'a test');
        await migrate(address, 'prisma/migrations');
        return await databaseIdentity(address);
      } finally {
        postgres.stop();
        rmSync(folder, { recursive: true, force: true });
      }
    };
    expect(await identityOfNewServer()).not.toBe(await identityOfNewServer());
  });

  it("says that it is partial if the user may not read the server's identity", async () => {
    const database = await createDatabase({ migrated: true });
    const address = await asReader(database);
    for (const name of ['pg_control_system', 'pg_control_checkpoint']) {
      await database.query(`REVOKE EXECUTE ON FUNCTION ${name}() FROM PUBLIC`);
      expect(await databaseIdentity(address)).toMatch(/^partial-[0-9a-f]{12}$/);
      await database.query(`GRANT EXECUTE ON FUNCTION ${name}() TO PUBLIC`);
    }
    expect(await databaseIdentity(address)).toBe(await databaseIdentity(database.address));
  });

  it('asks for the migrations if there is no posts table', async () => {
    const { address } = await createDatabase({ migrated: false });
    await expect(databaseIdentity(address)).rejects.toThrow(/Tables are missing/);
  });
});
