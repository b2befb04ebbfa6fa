import { setTimeout as elapsed } from 'node:timers/promises';
import pg from 'pg';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest';
import { database } from '#database/client.ts';
import { migrate } from '#database/migrate.ts';
import { disconnect } from '#database/open-client.ts';
import { hasPosts } from '#database/preflight.ts';
import { seedPosts } from '#post-files/import.ts';
import { contentRevision } from '#posts/content-revision.ts';
import { createDatabase, type TestDatabase } from '../setup/database.ts';
import { parseDatabaseUrl } from '../setup/database-address.ts';
import { type DatabaseProxy, startDatabaseProxy } from '../setup/database-proxy.ts';
import { type OwnPostgres, startOwnPostgres } from '../setup/own-postgres.ts';

const addressOf = (url: string) => parseDatabaseUrl(url, 'a test');

/** Migrates, seeds, and reads like pages and like a build: everything that connects. */
async function connectEverything(url: string): Promise<number> {
  vi.stubEnv('DATABASE_URL', url);
  const address = addressOf(url);
  await migrate(address, 'prisma/migrations');
  const { files } = await seedPosts(address, 'prisma/seed');
  expect(await hasPosts(address)).toBe(true);
  expect(await contentRevision(address)).toMatch(/^[0-9a-f]{16}$/);
  expect(await database().post.count()).toBe(files);
  return files;
}

afterEach(async () => {
  await disconnect();
  vi.unstubAllEnvs();
});

describe('through a pooler that rejects startup parameters, like PgBouncer', () => {
  let behind: TestDatabase;
  let proxy: DatabaseProxy;

  beforeEach(async () => {
    behind = await createDatabase({ migrated: false });
    proxy = await startDatabaseProxy(behind.address);
  });

  afterEach(() => proxy.stop());

  it.each(['', '?schema=blog', '?schema=My%20Blog'])(
    'nothing is sent that it would reject with "%s"',
    async (query) => {
      await connectEverything(`${proxy.url}${query}`);
      const parameters = new Set(proxy.startupParameters().flatMap((sent) => Object.keys(sent)));
      expect([...parameters].sort()).toEqual(['application_name', 'client_encoding', 'database', 'user']);
    },
  );

  it('only the tables of the schema named in the URL are used', async () => {
    await connectEverything(`${proxy.url}?schema=blog`);
    expect(
      await behind.query(
        `SELECT schemaname, tablename FROM pg_tables WHERE schemaname !~ '^(pg_|info)' ORDER BY 2`,
      ),
    ).toEqual([
      { schemaname: 'blog', tablename: 'ContentChange' },
      { schemaname: 'blog', tablename: 'ContentLog' },
      { schemaname: 'blog', tablename: 'Image' },
      { schemaname: 'blog', tablename: 'Post' },
      { schemaname: 'blog', tablename: '_prisma_migrations' },
    ]);
    await expect(hasPosts(proxy.address)).rejects.toThrow(/Tables are missing/);
  });

  it('a schema can be migrated by a role that may not create one', async () => {
    const { user } = behind.address;
    await behind.query(`CREATE SCHEMA blog; CREATE ROLE "only-${user}" LOGIN PASSWORD 'change-me';
      GRANT ALL ON SCHEMA blog TO "only-${user}"`);
    const { host, port, database: name } = proxy.address;
    const url = `postgresql://only-${user}:change-me@${host}:${port}/${name}?schema=blog`;
    try {
      await connectEverything(url);
    } finally {
      await disconnect();
      await behind.query(`DROP OWNED BY "only-${user}"; DROP ROLE "only-${user}"`);
    }
  });
});

describe('migrate', () => {
  it('takes as long as it needs, even if the role has a statement_timeout', async () => {
    const { address, url, query } = await createDatabase({ migrated: false });
    await query(`ALTER DATABASE ${address.database} SET statement_timeout = '1s'`);
    const other = new pg.Client({ connectionString: url });
    await other.connect();
    // The lock of Prisma Migrate, held by another process that is migrating.
    await other.query('SELECT pg_advisory_lock(72707369)');
    const migrating = migrate(address, 'prisma/migrations');
    expect(await Promise.race([migrating, elapsed(1_500, 'still waiting')])).toBe('still waiting');
    await other.end();
    expect(await migrating).not.toEqual([]);
  });
});

describe('with a PostgreSQL that has a Unix socket and TLS', () => {
  let postgres: OwnPostgres;

  beforeAll(async () => {
    postgres = await startOwnPostgres();
  });

  afterAll(() => postgres.stop());

  beforeEach(async () => {
    await postgres.query('DROP SCHEMA public CASCADE; CREATE SCHEMA public');
    await postgres.accept(false);
  });

  const socketUrl = (form: 'parameter' | 'host') => {
    const { user, password, socketFolder, port, database: name } = postgres;
    return form === 'parameter'
      ? `postgresql://${user}:${password}@localhost:${port}/${name}?host=${socketFolder}`
      : `postgresql://${user}:${password}@${encodeURIComponent(socketFolder)}:${port}/${name}`;
  };
  const tcpUrl = (query: string) =>
    `postgresql://${postgres.user}:${postgres.password}@127.0.0.1:${postgres.port}/${postgres.database}${query}`;

  it.each(['parameter', 'host'] as const)(
    'everything connects over the socket that a %s names',
    async (form) => {
      await postgres.accept(true, 'host all all all reject');
      await connectEverything(socketUrl(form));
      const rows = await database().$queryRaw<
        { address: string | null }[]
      >`SELECT inet_client_addr()::text AS address`;
      expect(rows).toEqual([{ address: null }]);
    },
  );

  it('sslmode is ignored over a socket, as with psql', async () => {
    await connectEverything(`${socketUrl('parameter')}&sslmode=require`);
  });

  it('the error names a socket that does not exist', async () => {
    const url = socketUrl('parameter').replace(/host=.*/, 'host=/nonesuch');
    const sentence = new RegExp(
      `There is no socket /nonesuch/\\.s\\.PGSQL\\.${postgres.port}\\. Check the folder`,
    );
    await expect(hasPosts(addressOf(url))).rejects.toThrow(sentence);
    vi.stubEnv('DATABASE_URL', url);
    await expect(database().post.count()).rejects.toThrow(sentence);
  });

  const usesTls = async () => {
    const rows = await database().$queryRaw<
      { ssl: boolean }[]
    >`SELECT ssl FROM pg_stat_ssl WHERE pid = pg_backend_pid()`;
    return rows[0]?.ssl;
  };

  it.each([
    ['uses TLS if the server offers it', true, [], true],
    ['is plain if the server has no TLS', false, [], false],
    ['is plain if the server refuses TLS', true, ['hostssl all all all reject'], false],
    ['uses TLS if the server refuses plain connections', true, ['hostnossl all all all reject'], true],
  ])('sslmode=prefer %s', async (_, tls, lines, expected) => {
    await postgres.accept(tls, ...lines);
    await connectEverything(tcpUrl('?sslmode=prefer'));
    expect(await usesTls()).toBe(expected);
  });
});
