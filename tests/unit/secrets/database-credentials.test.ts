import { randomBytes } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { databaseUrlOf } from '#secrets/stores/database-credentials.ts';
import { parseDatabaseUrl } from '../../setup/database-address.ts';

const rotated = {
  engine: 'postgres',
  host: 'blog.eu-central-1.rds.example',
  port: 5433,
  username: 'blog',
  password: randomBytes(12).toString('hex'),
  dbname: 'blog',
};

const addressOf = (fields: Parameters<typeof databaseUrlOf>[0]) => {
  const made = databaseUrlOf(fields);
  if ('problem' in made) throw new Error(made.problem);
  return parseDatabaseUrl(made.url, 'a test');
};

describe('the database JSON that AWS rotates', () => {
  it.each(['p@ss/w:ord', 'a%20b', '?#[]&=+', 'ünïcødé 🔑', '"\'`\\'])(
    'becomes a URL that holds a user and a password such as %s',
    (text) => {
      const address = addressOf({
        ...rotated,
        username: text,
        password: text,
        dbname: text.replaceAll('/', ''),
      });
      expect(address).toMatchObject({ user: text, password: text, host: rotated.host, port: 5433 });
      expect(address.database).toBe(text.replaceAll('/', ''));
    },
  );

  it("defaults to PostgreSQL's port and database", () => {
    const { port: _, dbname: __, ...rest } = rotated;
    expect(addressOf(rest)).toMatchObject({ port: 5432, database: 'postgres' });
    expect(addressOf({ ...rotated, port: '5434' })).toMatchObject({ port: 5434 });
  });

  it.each<[string, Record<string, unknown>, object]>([
    ['TLS where nothing is said', {}, { sslmode: 'require' }],
    ['TLS where ssl is true', { ssl: true }, { sslmode: 'require' }],
    ['no TLS where ssl is false', { ssl: false }, { sslmode: 'disable' }],
    ['no TLS where ssl is "False"', { ssl: 'False' }, { sslmode: 'disable' }],
    [
      'what sslmode and sslrootcert say',
      { sslmode: 'verify-full', sslrootcert: '/etc/ssl/rds ca.pem' },
      { sslmode: 'verify-full', sslrootcert: '/etc/ssl/rds ca.pem' },
    ],
  ])('asks for %s', (_, fields, expected) => {
    expect(addressOf({ ...rotated, ...fields })).toMatchObject(expected);
  });

  it('is rejected if it is for another engine, or has no host', () => {
    expect(databaseUrlOf({ ...rotated, engine: 'mysql' })).toEqual({
      problem: 'is for the engine mysql, not for PostgreSQL.',
    });
    expect(addressOf({ ...rotated, engine: 'aurora-postgresql' }).host).toBe(rotated.host);
    const { username, password } = rotated;
    expect(databaseUrlOf({ username, password })).toEqual({
      problem: expect.stringMatching(/^has no host, .* Add host and dbname\.$/),
    });
  });
});
