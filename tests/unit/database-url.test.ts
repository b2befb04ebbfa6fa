import { describe, expect, it } from 'vitest';
import { parseDatabaseUrl } from '#secrets/database-url.ts';

const parse = (url: string) => parseDatabaseUrl(url, 'a test');

describe('parseDatabaseUrl', () => {
  it('takes a URL apart and decodes its parts', () => {
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

  it('takes the port that PostgreSQL takes, where none is named', () => {
    expect(parse('postgres://blog:change-me@db.example/blog').port).toBe(5432);
  });

  it('takes an IPv6 address out of its brackets', () => {
    expect(parse('postgresql://blog:change-me@[::1]:5432/blog').host).toBe('::1');
  });

  it.each([
    ['another scheme', 'mysql://blog:hidden@db/blog', /not a PostgreSQL URL/],
    ['no database', 'postgresql://blog:hidden@db:5432', /names no database/],
    ['no host', 'postgresql:///blog', /names no host/],
    ['no user', 'postgresql://db/blog', /names no user/],
    ['an @ in the password', 'postgresql://blog:hid@den@db/blog', /Percent-encode/],
    ['a / in the password', 'postgresql://blog:12/hidden@db/blog', /Percent-encode/],
    ['a # in the password', 'postgresql://blog:hid#den@db/blog', /Percent-encode/],
    ['a lone % in the password', 'postgresql://blog:hidden%zz@db/blog', /%25/],
    ['a space', 'postgresql://blog:hid den@db/blog', /space or a quote/],
    ['a port that is none', 'postgresql://blog:hidden@db:54x2/blog', /Percent-encode|port/],
    ['an unknown sslmode', 'postgresql://blog:hidden@db/blog?sslmode=maybe', /unknown sslmode/],
  ])('refuses a URL with %s, and does not quote it', (_, url, sentence) => {
    expect(() => parse(url)).toThrow(sentence);
    expect(() => parse(url)).not.toThrow(/hidden|hid/);
  });
});
