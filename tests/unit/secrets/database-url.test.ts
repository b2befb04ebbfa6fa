import { describe, expect, it } from 'vitest';
import { MissingDatabaseUrl, readDatabaseAddress } from '#secrets/database-url.ts';
import { parseDatabaseUrl } from '../../setup/database-address.ts';

const parse = (url: string) => parseDatabaseUrl(url, 'a test');

describe('parseDatabaseUrl', () => {
  it('parses a URL and decodes its parts', () => {
    expect(parse('postgresql://bl%40g:p%40ss%2Fw%23rd@db.example:6432/bl%6Fg?schema=app')).toEqual({
      host: 'db.example',
      port: 6432,
      database: 'blog',
      user: 'bl@g',
      password: 'p@ss/w#rd',
      schema: 'app',
      sslmode: 'disable',
      sslrootcert: undefined,
    });
  });

  it("defaults to PostgreSQL's port", () => {
    expect(parse('postgres://blog:change-me@db.example/blog').port).toBe(5432);
  });

  it('removes the brackets of an IPv6 address', () => {
    expect(parse('postgresql://blog:change-me@[::1]:5432/blog').host).toBe('::1');
  });

  it("accepts a pooler's URL with parameters", () => {
    const url =
      'postgresql://blog:change-me@ep-x-pooler.example/blog?sslmode=require&channel_binding=require';
    expect(parse(url)).toMatchObject({ host: 'ep-x-pooler.example', database: 'blog', sslmode: 'require' });
  });

  it.each([
    ['a parameter', 'postgresql://blog:change-me@localhost/blog?host=/cloudsql/a-project:europe-west1:blog'],
    [
      'an encoded parameter',
      'postgresql://blog:change-me@localhost/blog?host=%2Fcloudsql%2Fa-project%3Aeurope-west1%3Ablog',
    ],
    [
      'a parameter and no host',
      'postgresql://blog:change-me@/blog?host=/cloudsql/a-project:europe-west1:blog',
    ],
    [
      'a percent-encoded host',
      'postgresql://blog:change-me@%2Fcloudsql%2Fa-project%3Aeurope-west1%3Ablog/blog',
    ],
  ])('reads the folder of a Unix socket from %s', (_, url) => {
    expect(parse(url)).toMatchObject({
      host: '/cloudsql/a-project:europe-west1:blog',
      port: 5432,
      database: 'blog',
      user: 'blog',
      password: 'change-me',
    });
  });

  it.each([
    ['behind an encoded host', 'postgresql://blog@%2Fvar%2Frun%2Fpostgresql:5433/blog'],
    ['as a parameter', 'postgresql://blog@/blog?host=/var/run/postgresql&port=5433'],
    ['behind an empty host', 'postgresql://blog@:5433/blog?host=/var/run/postgresql'],
  ])("reads a socket's port %s, and needs no password", (_, url) => {
    expect(parse(url)).toMatchObject({ host: '/var/run/postgresql', port: 5433, user: 'blog', password: '' });
  });

  it('accepts a host given as a parameter', () => {
    expect(parse('postgresql://blog:change-me@ignored.example/blog?host=db.example').host).toBe('db.example');
  });

  const wrong: [string, string, RegExp][] = [
    ['another scheme', 'mysql://blog:hidden@db/blog', /of another kind/],
    ['a scheme of JDBC', 'jdbc:postgresql://db/blog?password=hidden', /of another kind/],
    ['no scheme', 'blog:hidden@db/blog', /is not a PostgreSQL URL/],
    ['one slash', 'postgresql:/blog:hidden@db/blog', /two slashes/],
    ['its own name before it', 'DATABASE_URL=postgresql://blog:hidden@db/blog', /a name and a "="/],
    ['an export before it', 'export DATABASE_URL=postgresql://blog:hidden@db/blog', /a name and a "="/],
    ['a psql command around it', "psql 'postgresql://blog:hidden@db/blog'", /psql command/],
    ['a placeholder', 'postgresql://blog:<hidden>@db/blog', /placeholder/],
    ['a placeholder in brackets', 'postgresql://blog:[YOUR-hidden]@db/blog', /placeholder/],
    ['a variable of a shell', 'postgresql://blog:$(hidden)@db/blog', /placeholder/],
    ['a second line', 'postgresql://blog:hidden@db/blog\nother', /more than one line/],
    ['no database', 'postgresql://blog:hidden@db:5432', /names no database/],
    ['more than a database', 'postgresql://blog:hidden@db:5432/blog/posts', /more than a database/],
    ['no host', 'postgresql:///blog', /names no host/],
    ['a user and no host', 'postgresql://blog:hidden@/blog', /its host is invalid/],
    ['no user', 'postgresql://db/blog', /names no user/],
    ['an @ in the password', 'postgresql://blog:hid@den@db/blog', /has a @ .* as %40/],
    ['an @ and a / in the password', 'postgresql://blog:hid@d/en@db/blog', /has a @ .* as %40/],
    ['a / in the password', 'postgresql://blog:12/hidden@db/blog', /has a \/ .* as %2F/],
    ['a # in the password', 'postgresql://blog:hid#den@db/blog', /has a # .* as %23/],
    ['a ? in the password', 'postgresql://blog:hid?den@db/blog', /has a \? .* as %3F/],
    ['a lone % in the password', 'postgresql://blog:hidden%zz@db/blog', /%25/],
    ['a space', 'postgresql://blog:hid den@db/blog', /holds a space/],
    ['a space behind it', 'postgresql://blog:hidden@db/blog ', /ends with a space/],
    ['a quote', 'postgresql://blog:hidden@db/blog"', /holds a quote/],
    ['a port that is none', 'postgresql://blog:hidden@db:54x2/blog', /port that is not a number/],
    ['a port that is too large', 'postgresql://blog:hidden@db:70000/blog', /above 65535/],
    [
      'several hosts',
      'postgresql://blog:hidden@db1.example,db2.example/blog',
      /names several hosts\. Name one/,
    ],
    ['several hosts and ports', 'postgresql://blog:hidden@db1:5432,db2:5433/blog', /names several hosts/],
    ['several hosts and no user', 'postgresql://db1,db2/blog', /names several hosts/],
    ['several hosts in a parameter', 'postgresql://blog:hidden@/blog?host=db1,db2', /names several hosts/],
    ['several sockets', 'postgresql://blog:hidden@%2Ftmp,%2Frun/blog', /names several hosts/],
    [
      'a folder without its first slash',
      'postgresql://blog:hidden@/blog?host=cloudsql/blog',
      /has a \/ in its host/,
    ],
    [
      'a parameter as port that is none',
      'postgresql://blog:hidden@db/blog?port=54x2',
      /a port that is not a number/,
    ],
    ['an empty host parameter', 'postgresql://blog:hidden@/blog?host=', /names no host|its host is invalid/],
    ['an unknown sslmode', 'postgresql://blog:hidden@db/blog?sslmode=maybe', /unknown sslmode/],
  ];

  it.each(wrong)('rejects a URL with %s, and does not quote it', (_, url, sentence) => {
    expect(() => parse(url)).toThrow(sentence);
    expect(() => parse(url)).toThrow(/^DATABASE_URL \(a test\) [a-z].*\.$/);
    expect(() => parse(url)).not.toThrow(/hid|den/);
  });
});

describe('readDatabaseAddress', () => {
  it.each([
    ['missing', {}],
    ['empty', { DATABASE_URL: '' }],
  ])('says where to put the URL if it is %s', (_, variables) => {
    expect(() => readDatabaseAddress(variables)).toThrow(MissingDatabaseUrl);
    expect(() => readDatabaseAddress(variables)).toThrow(
      /DATABASE_URL_FILE, or mount \/run\/secrets\/database_url/,
    );
  });

  it('names the source of an invalid URL', () => {
    expect(() => readDatabaseAddress({ DATABASE_URL: 'postgresql://db/blog' })).toThrow(
      /^DATABASE_URL \(the variable DATABASE_URL\) names no user\./,
    );
  });
});
