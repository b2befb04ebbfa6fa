import { describe, expect, it } from 'vitest';
import { searchBytes } from '../src/search/search.ts';
import { prepare } from '../src/secrets/prepare.ts';

const found = (secret: string, text: string | Buffer): string[] => {
  const { search } = prepare([{ id: 'id', value: Buffer.from(secret), origin: 'a test' }]);
  return searchBytes(search, Buffer.from(text)).map(({ part, encoding }) => `${part}: ${encoding}`);
};

describe('a value with non-ASCII characters', () => {
  const secret = 'Grüße-aus-Köln-77';

  it.each([
    ['plain', secret],
    ['latin-1', Buffer.from(secret, 'latin1')],
    ['js-escaped', String.raw`Gr\xfc\xdfe-aus-K\xf6ln-77`],
    ['js-escaped', String.raw`Gr\u00fc\u00dfe-aus-K\u00f6ln-77`],
    ['html-escaped', 'Gr&#252;&#xDF;e-aus-K&#246;ln-77'],
    ['url-encoded', encodeURIComponent(secret)],
  ])('is found as %s', (encoding, text) => {
    expect(found(secret, text)).toEqual([
      expect.stringMatching(new RegExp(`^whole: (latin-1, )?${encoding}$`)),
    ]);
  });
});

describe('a short value', () => {
  const secret = 'q7Lw2xPq9Z';

  it.each([1, 5, 9])('is found even if a formatter splits it after %d characters', (at) => {
    const [before, after] = [secret.slice(0, at), secret.slice(at)];
    for (const gap of ['\n    ', '" +\n  "', "' +\n    '", '` + `', '<!-- -->', '".concat("'])
      expect(found(secret, `${before}${gap}${after}`), gap).toHaveLength(1);
  });
});

describe('characters that a format doubles', () => {
  it.each([
    ['CSV', 'Ab"cd7Lw2xPq', 'Ab""cd7Lw2xPq'],
    ['Compose', 'Ab$cd7Lw2xPq', 'Ab$$cd7Lw2xPq'],
    ['an INI file', 'Ab%cd7Lw2xPq', 'Ab%%cd7Lw2xPq'],
  ])('are recognized: %s', (_name, secret, text) => {
    expect(found(secret, text)).toEqual(['whole: doubling-escaped']);
  });
});

describe('a secret is split into the parts that would give it away', () => {
  it.each([
    ['a token in the place of a user', 'https://gh7Lw2xPq9ZtVm@git.example/a.git', 'gh7Lw2xPq9ZtVm', 'user'],
    [
      'a token in a query',
      'https://api.example/v1?token=7Lw2xPq9ZtVm&page=2',
      '7Lw2xPq9ZtVm',
      'value of token',
    ],
    [
      'a connection string',
      'Server=db;User Id=app;Password=7Lw2xPq9ZtVm;',
      '7Lw2xPq9ZtVm',
      'line 1 value of Password',
    ],
    [
      "libpq's words",
      "host=db user=app password='7Lw2 xPq9ZtVm'",
      '7Lw2 xPq9ZtVm',
      'line 1 value of password',
    ],
    ['a password with an @', 'postgresql://app:7Lw2@xPq9ZtVm@db.example/app', '7Lw2@xPq9ZtVm', 'password'],
  ])('%s', (_name, secret, part, name) => {
    expect(found(secret, `only ${part} of it`)).toEqual([`${name}: plain`]);
  });
});
