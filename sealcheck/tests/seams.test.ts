import { randomBytes } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { deflateSync } from 'node:zlib';
import { describe, expect, it } from 'vitest';
import { ImageBuilder } from '../src/plant/builder.ts';
import { Reducer } from '../src/search/reducer.ts';
import { StreamSearch, searchBytes } from '../src/search/search.ts';
import { prepare } from '../src/secrets/prepare.ts';
import { hitsOf } from './chains.ts';
import { checkBuilt, temporaryFolder } from './checking.ts';

const VALUE = 'qX7/kV"m2<Lw&9Zt+Rb5';
const bytes = [...Buffer.from(VALUE)];
const [head, tail] = [VALUE.slice(0, 8), VALUE.slice(8)];
const html = (text: string) => text.replace(/[&<"]/g, (c) => ({ '&': '&amp;', '<': '&lt;' })[c] ?? '&quot;');

describe('a value that is split into pieces', () => {
  it.each([
    ['by a concatenation', `x = '${head}' +\n  '${tail}'`],
    ['by concat', `x = '${head}'.concat('${tail}')`],
    ['by PHP', `$x = '${head}' . '${tail}';`],
    ['by implicit concatenation', `x = ('${head}'\n     '${tail}')`],
    [
      "by React's chunk border",
      `<script>self.__next_f.push([1,${JSON.stringify(head)}])</script><script nonce="a1">self.__next_f.push([1,${JSON.stringify(tail)}])</script>`,
    ],
    ['by a comment', `${html(head)}<!-- -->${html(tail)}`],
    [
      'by highlight.js',
      `<span class="hljs-string">&quot;${html(head)}</span><span class="hljs-subst">${html(tail)}</span>`,
    ],
    [
      'by Prism',
      `<span class="token string">${html(head)}</span><span class="token punctuation">${html(tail)}</span>`,
    ],
    [
      'by Shiki',
      `<span style="--shiki-light:#032F62;--shiki-dark:#9ECBFF">${html(head)}</span><span style="color:#24292E">${html(tail)}</span>`,
    ],
    ['by Pygments', `<span class="s2">${html(head)}</span><span class="si">${html(tail)}</span>`],
    ['into bytes', JSON.stringify(Buffer.from(VALUE))],
    ['into bytes, on lines', JSON.stringify(bytes, null, 2)],
    ['into bytes by index', JSON.stringify({ ...bytes })],
    ['into hex bytes', bytes.map((byte) => `0x${byte.toString(16)}`).join(', ')],
    [
      'as xxd -i does, in columns',
      bytes.map((byte, at) => `0x${byte.toString(16)},${at % 6 === 5 ? '\n  ' : ' '}`).join(''),
    ],
    [
      'into hex with colons',
      Buffer.from(VALUE)
        .toString('hex')
        .replace(/..(?!$)/g, '$&:'),
    ],
    [
      'into hex with dashes',
      Buffer.from(VALUE)
        .toString('hex')
        .toUpperCase()
        .replace(/..(?!$)/g, '$&-'),
    ],
    [
      'into hex with spaces',
      Buffer.from(VALUE)
        .toString('hex')
        .replace(/..(?!$)/g, '$& '),
    ],
    ['backwards', [...VALUE].reverse().join('')],
  ])('is found: %s', (_name, text) => {
    expect(hitsOf(VALUE, Buffer.from(`before ${text} after`))).toHaveLength(1);
  });

  it('is found if its passphrase is wrapped', () => {
    const passphrase = 'correct horse battery staple grand piano';
    for (const text of [
      'correct horse battery\n    staple grand piano',
      'correct horse\n# battery staple\n# grand piano',
    ])
      expect(hitsOf(passphrase, Buffer.from(text))).toHaveLength(1);
  });

  it('is found in base64 of zlib', async () => {
    const image = new ImageBuilder();
    const packed = deflateSync(Buffer.from(`${'prose '.repeat(50)}${VALUE}`)).toString('base64');
    image.layers.copied.push({ name: 'a.json', content: Buffer.from(`{"state":"${packed}"}`) });
    expect((await checkBuilt(image, { id: VALUE })).findings.map(({ path }) => path)).toEqual(['a.json']);
  });
});

describe('a SQLite database', () => {
  it('is searched across page boundaries', async () => {
    const { DatabaseSync } = await import('node:sqlite');
    const path = join(temporaryFolder(), 'app.db');
    const database = new DatabaseSync(path);
    database.exec('PRAGMA page_size = 512; CREATE TABLE notes (id INTEGER PRIMARY KEY, text TEXT)');
    const insert = database.prepare('INSERT INTO notes (text) VALUES (?)');
    // One spans each boundary, at a different offset each time.
    const values = Array.from({ length: 200 }, () => randomBytes(15).toString('base64url'));
    insert.run(values.map((value) => value + '.'.repeat(3)).join(''));
    database.close();
    const image = new ImageBuilder();
    image.layers.copied.push({ name: 'app.db', content: readFileSync(path) });
    const secrets = Object.fromEntries(values.map((value, at) => [`value-${at}`, value]));
    const { findings } = await checkBuilt(image, secrets);
    expect(new Set(findings.map(({ secret }) => secret)).size).toBe(values.length);
  });
});

describe('what is not a seam', () => {
  it.each([
    ['an attribute of a tag', `<span data-token="${html(VALUE)}">`],
    ['a class', `<span class="x ${html(VALUE)}">`],
  ])('%s is searched', (_name, text) => {
    expect(hitsOf(VALUE, Buffer.from(text))).toHaveLength(1);
  });
});

describe('the location of a value', () => {
  it.each([
    ['plain', VALUE, 'plain'],
    ['after a wide chunk', `${'é'.repeat(70_000)}${VALUE}`, 'plain'],
    ['JSON', JSON.stringify(VALUE).slice(1, -1), 'json-escaped'],
    ['JSON in JSON', JSON.stringify(JSON.stringify(VALUE)).slice(3, -3), 'json-escaped'],
    ['URL', encodeURIComponent(VALUE), 'url-encoded'],
    ['HTML', html(VALUE), 'html-escaped'],
    ['base64', Buffer.from(VALUE).toString('base64').replace(/=+$/, ''), 'base64'],
    ['hex', Buffer.from(VALUE).toString('hex'), 'hex'],
  ])('is reported to the byte, with its encoding: %s', (_name, text, encoding) => {
    const start = text.length - text.replace(/^é+/, '').length;
    const written = Buffer.concat([Buffer.from('some text ('), Buffer.from(text), Buffer.from(') and more')]);
    const [hit] = hitsOf(VALUE, written);
    expect(hit).toMatchObject({ offset: 11 + start * 2, encoding });
    const found = written.subarray(hit?.offset, (hit?.offset ?? 0) + (hit?.length ?? 0)).toString();
    expect(found.length).toBeGreaterThanOrEqual(text.length - start - 1);
    expect(text.slice(start).startsWith(found.slice(0, -1))).toBe(true);
  });
});

describe('the stream', () => {
  const canonical = (text: Buffer, step: number): string => {
    const reducer = new Reducer(1 << 21);
    let [from, end] = [0, 0];
    while (end < text.length || from < text.length) {
      end = Math.min(text.length, end + step);
      from = reducer.read(text, from, end, end === text.length, 0);
    }
    return Buffer.from(reducer.text.bytes.subarray(0, reducer.text.length)).toString('latin1');
  };

  it('is read the same way whole, in chunks, and byte by byte', () => {
    const alphabet = [
      ...'abc019nrtxu\\\\\\\\%%&&;;==#{}<>"\'`^$+\0\n ',
      '&quot;',
      '%5C',
      '\\x41',
      '\\u0022',
      '=3D',
    ];
    const random = randomBytes(20_000);
    const text = Buffer.from(
      Array.from(random, (byte) => alphabet[byte % alphabet.length]).join(''),
      'latin1',
    );
    const whole = canonical(text, 1 << 16);
    for (const step of [1, 7, 64, 1000])
      expect(canonical(text, step) === whole, `steps of ${step}`).toBe(true);
  });

  it('loses no value at a chunk boundary, or when another stream is read in between', () => {
    const { search } = prepare([{ id: 'id', value: Buffer.from(VALUE), origin: 'a test' }]);
    const written = Buffer.from(Buffer.from(JSON.stringify(VALUE)).toString('base64'));
    for (let shift = 0; shift <= written.length; shift += 1) {
      const content = Buffer.concat([
        Buffer.alloc(65_536 * 2 - shift, 'x y '),
        written,
        Buffer.alloc(70_000, 'z '),
      ]);
      const [stream, other] = [new StreamSearch(search), new StreamSearch(search)];
      for (let at = 0; at < content.length; at += 65_536) {
        stream.push(content.subarray(at, at + 65_536));
        other.push(Buffer.alloc(65_536, 'other '));
      }
      expect(stream.end(), `${shift} bytes before the border`).toHaveLength(1);
      expect(other.end()).toEqual([]);
    }
  });

  it('processes 20,000 near misses in two seconds', () => {
    const { search } = prepare([{ id: 'id', value: Buffer.from('k9Lw2xPq7ZtVx4mRv2yK'), origin: 'a test' }]);
    const misses = Buffer.from('k9Lw2xPq7ZtVx4mRvXX '.repeat(20_000));
    const started = performance.now();
    expect(searchBytes(search, misses)).toEqual([]);
    expect(performance.now() - started).toBeLessThan(2000);
  });
});
