import { randomBytes } from 'node:crypto';
import {
  chmodSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readlinkSync,
  renameSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as elapsed } from 'node:timers/promises';
import { PostgreSqlContainer, type StartedPostgreSqlContainer } from '@testcontainers/postgresql';
import pg from 'pg';
import { Network, type StartedNetwork } from 'testcontainers';
import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest';
import { migrate } from '#database/migrate.ts';
import { parseDatabaseUrl } from '../setup/database-address.ts';
import { type Container, eventually, HARDENED, startContainer } from './engine.ts';

const built = inject('built');
const image = built?.image ?? '';
const newPassword = () => randomBytes(12).toString('hex');

describe.skipIf(!built)('a container whose secrets are files', () => {
  let network: StartedNetwork;
  let postgres: StartedPostgreSqlContainer;
  let admin: pg.Client;
  let folder: string;
  let container: Container | undefined;
  let unread = 0;

  beforeAll(async () => {
    network = await new Network().start();
    postgres = await new PostgreSqlContainer('postgres:18')
      .withNetwork(network)
      .withNetworkAliases('db')
      .start();
    const url = `postgresql://${postgres.getUsername()}:${postgres.getPassword()}@127.0.0.1:${postgres.getPort()}/${postgres.getDatabase()}`;
    await migrate(parseDatabaseUrl(url, 'a test'), 'prisma/migrations');
    admin = new pg.Client({ connectionString: url });
    await admin.connect();
    await admin.query(
      `INSERT INTO "Post" ("id", "slug", "title", "content", "published", "publishedAt", "updatedAt")
       SELECT 'u' || n, 'unread-' || n, 'Unread ' || n, 'Text.', true, now() - n * interval '1 minute', now()
       FROM generate_series(1, 20000) AS n`,
    );
    for (const role of ['blue', 'green']) {
      await admin.query(`CREATE ROLE ${role} LOGIN; GRANT SELECT ON ALL TABLES IN SCHEMA public TO ${role}`);
    }
    folder = mkdtempSync(join(tmpdir(), 'sealed-rotated-'));
    chmodSync(folder, 0o755);
    await rotateTo('blue', newPassword());
    container = await startContainer(image, [
      ...HARDENED,
      ...['--network', network.getName(), '--volume', `${folder}:/run/secrets:ro`],
    ]);
  });

  afterAll(async () => {
    container?.remove();
    await admin.end();
    await postgres.stop();
    await network.stop();
    rmSync(folder, { recursive: true });
  });

  /** As the kubelet does: writes all files to a new folder, then moves a link to it in one step. */
  const hand = (role: string, password: string) => {
    const version = `..${randomBytes(4).toString('hex')}`;
    mkdirSync(join(folder, version));
    const url = `postgresql://${role}:${password}@db:5432/${postgres.getDatabase()}`;
    writeFileSync(join(folder, version, 'database_url'), url);
    const before = existsSync(join(folder, '..data')) ? readlinkSync(join(folder, '..data')) : undefined;
    symlinkSync(version, join(folder, '..data_tmp'));
    renameSync(join(folder, '..data_tmp'), join(folder, '..data'));
    if (before) rmSync(join(folder, before), { recursive: true });
    else symlinkSync('..data/database_url', join(folder, 'database_url'));
  };

  async function rotateTo(role: string, password: string, between = 0): Promise<void> {
    await admin.query(`ALTER ROLE ${role} PASSWORD '${password}'`);
    await elapsed(between);
    hand(role, password);
  }

  const connectionsOf = async (role: string, since: Date) =>
    (
      await admin.query<{ old: number; new: number }>(
        `SELECT count(*) FILTER (WHERE backend_start < $2)::int AS old, count(*) FILTER (WHERE backend_start >= $2)::int AS new
         FROM pg_stat_activity WHERE usename = $1`,
        [role, since],
      )
    ).rows[0];

  const now = async () =>
    (await admin.query<{ now: Date }>('SELECT clock_timestamp() AS now')).rows[0]?.now ?? new Date(0);

  /** Each request is for a post that was never requested before, so each queries the database. */
  async function answersWhile(change: () => Promise<void>): Promise<Map<number, number>> {
    const answers = new Map<number, number>();
    let changing = true;
    const lane = async () => {
      while (changing) {
        const { status } = await fetch(`${container?.url}/posts/unread-${++unread}`);
        answers.set(status, (answers.get(status) ?? 0) + 1);
      }
    };
    const lanes = Array.from({ length: 8 }, lane);
    await change().finally(() => {
      changing = false;
    });
    await Promise.all(lanes);
    return answers;
  }

  const onlyOk = (answers: Map<number, number>) => {
    expect([...answers.keys()], container?.log()).toEqual([200]);
  };

  it("answers every request while its user's password changes", async () => {
    const answers = await answersWhile(async () => {
      await eventually(async () => ((await connectionsOf('blue', new Date(0)))?.new ?? 0) > 0);
      const moment = await now();
      await rotateTo('blue', newPassword(), 1_000);
      await eventually(async () => {
        const count = await connectionsOf('blue', moment);
        return count?.old === 0 && count.new > 0;
      });
    });
    onlyOk(answers);
  });

  it('answers every request while user and password change together, back and forth', async () => {
    const answers = await answersWhile(async () => {
      for (const [next, before] of [
        ['green', 'blue'],
        ['blue', 'green'],
      ] as const) {
        await rotateTo(next, newPassword());
        await eventually(async () => {
          const [taken, left] = [
            await connectionsOf(next, new Date(0)),
            await connectionsOf(before, new Date(0)),
          ];
          return (taken?.new ?? 0) > 0 && left?.new === 0;
        });
      }
    });
    onlyOk(answers);
    const log = container?.log() ?? '';
    expect(log.match(/secrets: DATABASE_URL has changed/g)?.length).toBeGreaterThanOrEqual(3);
    expect(log).not.toMatch(/postgresql:/);
  });
});
