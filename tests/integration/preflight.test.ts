import pg from 'pg';
import { describe, expect, it } from 'vitest';
import { hasPosts } from '#database/preflight.ts';
import { createDatabase, writePosts } from '../setup/database.ts';

describe('hasPosts', () => {
  it('distinguishes an empty database from one with posts', async () => {
    const database = await createDatabase({ migrated: true });
    expect(await hasPosts(database.address)).toBe(false);
    await writePosts(database, 1);
    expect(await hasPosts(database.address)).toBe(true);
  });

  it.each([
    ['an unknown host', { host: 'no-such-host.invalid' }, /host no-such-host\.invalid is unknown/],
    ['a port where nothing listens', { port: 1 }, /Nothing listens at 127\.0\.0\.1:1/],
    [
      'a wrong password',
      { password: 'hidden-password' },
      /Access to the database "test_\w+" on 127\.0\.0\.1 was refused/,
    ],
    ['a wrong user', { user: 'hidden-user' }, /was refused/],
    ['an unknown database', { database: 'nonesuch' }, /no database "nonesuch" on 127\.0\.0\.1/],
    ['TLS where the server has none', { sslmode: 'require' as const }, /TLS/],
  ])('names host and database for %s, and neither user nor password', async (_, change, sentence) => {
    const { address } = await createDatabase({ migrated: true });
    const asked = hasPosts({ ...address, ...change });
    await expect(asked).rejects.toThrow(sentence);
    await expect(asked).rejects.not.toThrow(/hidden|postgresql:/);
    await expect(asked).rejects.not.toThrow(address.password);
  });

  it('does not wait for a locked table', async () => {
    const { address, url } = await createDatabase({ migrated: true });
    const holder = new pg.Client({ connectionString: url });
    await holder.connect();
    try {
      await holder.query('BEGIN; LOCK TABLE "Post" IN ACCESS EXCLUSIVE MODE');
      await expect(hasPosts(address)).rejects.toThrow(/No answer from the database/);
    } finally {
      await holder.end();
    }
  });

  it('reports missing migrations', async () => {
    const { address } = await createDatabase({ migrated: false });
    await expect(hasPosts(address)).rejects.toThrow(/Tables are missing.*Run the migrations first/);
  });
});
