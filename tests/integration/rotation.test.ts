import { randomBytes } from 'node:crypto';
import { mkdtempSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as elapsed } from 'node:timers/promises';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { database } from '#database/client.ts';
import { disconnect } from '#database/open-client.ts';
import { hasPosts } from '#database/preflight.ts';
import { RotatingPool } from '#database/rotating-pool.ts';
import { liveDatabaseAddress } from '#secrets/index.ts';
import { watchSecrets } from '#secrets/live.ts';
import { attachStore } from '#secrets/sources.ts';
import { createDatabase, type TestDatabase, writePosts } from '../setup/database.ts';
import { startDatabaseProxy } from '../setup/database-proxy.ts';

const newPassword = () => randomBytes(12).toString('hex');

describe('the database client while credentials are rotated under load', () => {
  let admin: TestDatabase;
  let folder: string;
  let file: string;
  let stopWatching: () => void;
  const roles: string[] = [];

  beforeEach(async () => {
    admin = await createDatabase({ migrated: true });
    await writePosts(admin, 5);
    folder = mkdtempSync(join(tmpdir(), 'sealed-rotation-'));
    file = join(folder, 'url');
    vi.stubEnv('DATABASE_URL', '');
    vi.stubEnv('DATABASE_URL_FILE', file);
    stopWatching = watchSecrets(() => undefined);
  });

  afterEach(async () => {
    await disconnect();
    stopWatching();
    vi.unstubAllEnvs();
    rmSync(folder, { recursive: true });
    for (const role of roles.splice(0)) await admin.query(`DROP OWNED BY ${role}; DROP ROLE ${role}`);
  });

  async function createRole(password: string): Promise<string> {
    const role = `reader_${randomBytes(4).toString('hex')}`;
    await admin.query(
      `CREATE ROLE ${role} LOGIN PASSWORD '${password}'; GRANT SELECT ON ALL TABLES IN SCHEMA public TO ${role}`,
    );
    roles.push(role);
    return role;
  }

  const hand = (user: string, password: string) => {
    const { host, port, database: name } = admin.address;
    writeFileSync(`${file}.new`, `postgresql://${user}:${password}@${host}:${port}/${name}`);
    renameSync(`${file}.new`, file);
  };

  const changePassword = (role: string, password: string) =>
    admin.query(`ALTER ROLE ${role} PASSWORD '${password}'`);

  const endIdleConnections = async (role: string) => {
    const connections = "FROM pg_stat_activity WHERE usename = $1 AND state = 'idle'";
    await admin.query(`SELECT pg_terminate_backend(pid) ${connections}`, [role]);
    await vi.waitFor(async () => expect(await admin.query(`SELECT pid ${connections}`, [role])).toEqual([]));
    // The client notices it the next time it reads from the socket.
    await elapsed(100);
  };

  /** Queries without a pause, in more loops than the pool has connections, so that it opens new ones and queues. */
  async function underLoad(rotate: (seen: Set<string>) => Promise<void>): Promise<Set<string>> {
    const users = new Set<string>();
    let rotated = false;
    const lane = async () => {
      while (!rotated) {
        const rows = await database().$queryRaw<
          { who: string }[]
        >`SELECT current_user::text AS who FROM "Post"`;
        for (const { who } of rows) users.add(who);
      }
    };
    // A loop that fails ends the test at once, and one that kept running would keep the process alive.
    const lanes = Array.from({ length: 16 }, lane);
    try {
      await Promise.race([Promise.all(lanes), rotate(users)]);
    } finally {
      rotated = true;
    }
    await Promise.all(lanes);
    return users;
  }

  /** When the connections were opened, according to PostgreSQL. */
  const connectedSince = (role: string, moment: Date) =>
    admin.query<{ old: number; new: number }>(
      `SELECT count(*) FILTER (WHERE backend_start < $2)::int AS old, count(*) FILTER (WHERE backend_start >= $2)::int AS new
       FROM pg_stat_activity WHERE usename = $1`,
      [role, moment],
    );

  const now = async () =>
    (await admin.query<{ now: Date }>('SELECT clock_timestamp() AS now'))[0]?.now as Date;

  async function untilAllAreNew(role: string, moment: Date): Promise<void> {
    await vi.waitFor(
      async () => {
        const [count] = await connectedSince(role, moment);
        expect(count).toMatchObject({ old: 0 });
        expect(count?.new).toBeGreaterThan(0);
      },
      { timeout: 20_000, interval: 100 },
    );
  }

  it('loses no query if the database gets the new password first', async () => {
    const role = await createRole('first');
    hand(role, 'first');
    await underLoad(async () => {
      await elapsed(300);
      const moment = await now();
      const next = newPassword();
      await changePassword(role, next);
      await elapsed(1_500);
      hand(role, next);
      await untilAllAreNew(role, moment);
    });
  });

  it('loses no query that has to connect between the two changes', async () => {
    const role = await createRole('first');
    hand(role, 'first');
    await database().post.count();
    const next = newPassword();
    await changePassword(role, next);
    await endIdleConnections(role);
    const asked = database().post.count();
    await elapsed(1_000);
    hand(role, next);
    expect(await asked).toBe(5);
  });

  it('loses no query of a new pool if another connection signed in before', async () => {
    const role = await createRole('first');
    hand(role, 'first');
    expect(await hasPosts(liveDatabaseAddress())).toBe(true);
    const next = newPassword();
    await changePassword(role, next);
    const asked = database().post.count();
    await elapsed(1_000);
    hand(role, next);
    expect(await asked).toBe(5);
  });

  it('loses no query if users alternate, and stops using the previous one', async () => {
    const [blue, green] = [await createRole('blue-1'), await createRole('green-1')];
    hand(blue, 'blue-1');
    const users = await underLoad(async (seen) => {
      for (const [role, password] of [
        [green, newPassword()],
        [blue, newPassword()],
        [green, newPassword()],
      ] as const) {
        await vi.waitFor(() => expect(seen.size).toBeGreaterThan(0), 10_000);
        await changePassword(role, password);
        const moment = await now();
        hand(role, password);
        await untilAllAreNew(role, moment);
        const other = role === green ? blue : green;
        await vi.waitFor(
          async () => expect(await connectedSince(other, moment)).toEqual([{ old: 0, new: 0 }]),
          { timeout: 20_000, interval: 100 },
        );
      }
    });
    expect([...users].sort()).toEqual([blue, green].sort());
  });

  it('does not look for another password if the one it has never worked', async () => {
    const role = await createRole('first');
    hand(role, 'wrong');
    const refresh = vi.fn(async () => undefined);
    attachStore({ name: 'a store', current: () => undefined, refresh });
    try {
      await expect(database().post.count()).rejects.toThrow(/Access to the database .* was refused/);
      expect(refresh).not.toHaveBeenCalled();
    } finally {
      attachStore(undefined);
    }
  });

  it('signs in for one waiting request at a time while a password is rejected', async () => {
    const role = await createRole('first');
    const proxy = await startDatabaseProxy(admin.address);
    writeFileSync(file, proxy.url.replace(/\/\/.*@/, `//${role}:first@`));
    const pool = new RotatingPool({ max: 10 });
    pool.on('error', () => undefined);
    try {
      await pool.query('SELECT');
      const next = newPassword();
      await changePassword(role, next);
      await endIdleConnections(role);
      const waiting = Array.from({ length: 10 }, () => pool.query('SELECT'));
      await elapsed(500);
      const before = proxy.opened();
      await elapsed(2_000);
      expect(proxy.opened() - before).toBeLessThanOrEqual(8);
      expect(proxy.opened() - before).toBeGreaterThan(2);
      writeFileSync(file, proxy.url.replace(/\/\/.*@/, `//${role}:${next}@`));
      expect(await Promise.all(waiting)).toHaveLength(10);
    } finally {
      await pool.end();
      await proxy.stop();
    }
  });

  it('gives up on a password that stays wrong', async () => {
    const role = await createRole('first');
    hand(role, 'first');
    const pool = new RotatingPool({ max: 1, retryFor: 600 });
    pool.on('error', () => undefined);
    try {
      await pool.query('SELECT');
      await changePassword(role, newPassword());
      await endIdleConnections(role);
      await expect(pool.query('SELECT')).rejects.toThrow(/password authentication failed/);
    } finally {
      await pool.end();
    }
  });
});
