import { chmodSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { findSecret, type StoredSecrets } from '#secrets/sources.ts';

let folder: string;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'sealed-secrets-'));
});

afterEach(() => rmSync(folder, { recursive: true }));

function file(content: string | Buffer, name = 'secret.txt'): string {
  const path = join(folder, name);
  writeFileSync(path, content);
  return path;
}

/** Looks for TOKEN in these variables, and in the test's own directory of mounted secrets. */
const find = (variables: Record<string, string>, store?: StoredSecrets) =>
  findSecret('TOKEN', { variables, directory: join(folder, 'mounted'), store });

function mount(content: string): void {
  mkdirSync(join(folder, 'mounted'));
  file(content, 'mounted/token');
}

const store: StoredSecrets = { name: 'the test store', current: (name) => `${name} in store` };

describe('findSecret', () => {
  it('uses the file that the _FILE variable names first, and says so', () => {
    mount('value');
    expect(find({ TOKEN_FILE: file('value\n'), TOKEN: 'value' }, store)).toEqual({
      value: 'value',
      source: 'the file that TOKEN_FILE names',
    });
  });

  it('uses the mounted file, named in lower case, before the variable', () => {
    mount('value');
    expect(find({ TOKEN: 'value' })?.source).toBe(`the file ${join(folder, 'mounted')}/token`);
  });

  it('uses the variable before the store, and the store last', () => {
    expect(find({ TOKEN: 'value' }, store)).toEqual({ value: 'value', source: 'the variable TOKEN' });
    expect(find({}, store)).toEqual({ value: 'TOKEN in store', source: 'the test store' });
  });

  it('finds nothing if no source has it', () => {
    expect(find({})).toBeUndefined();
    expect(find({}, { name: 'an empty store', current: () => undefined })).toBeUndefined();
  });

  it('looks in no directory if none is given', () => {
    mount('value');
    expect(findSecret('TOKEN', { variables: {}, directory: undefined })).toBeUndefined();
  });

  it.each([
    ['the file that is named and the variable', () => ({ TOKEN_FILE: file('hidden1'), TOKEN: 'hidden2' })],
    [
      'the file that is named and the mounted one',
      () => {
        mount('hidden1');
        return { TOKEN_FILE: file('hidden2') };
      },
    ],
    [
      'the mounted file and the variable',
      () => {
        mount('hidden1');
        return { TOKEN: 'hidden2' };
      },
    ],
  ])('rejects %s if they disagree, and names both', (_, given) => {
    const variables = given();
    expect(() => find(variables)).toThrow(/^TOKEN: the .+ and the .+ disagree\. Keep one of them\.$/);
    expect(() => find(variables)).not.toThrow(/hidden/);
  });

  it.each([
    ['a line end', 'value\n'],
    ['a Windows line end', 'value\r\n'],
    ['several line ends', 'value\n\n'],
    ['a byte order mark', '\uFEFFvalue'],
    ['double quotes around it', '"value"\n'],
    ['single quotes around it', "'value'\r\n"],
  ])('reads a file with %s', (_, content) => {
    expect(find({ TOKEN_FILE: file(content) })?.value).toBe('value');
  });

  it('accepts quotes and a carriage return in a variable, as --env-file passes them on', () => {
    expect(find({ TOKEN: '"value"\r' })?.value).toBe('value');
  });

  it('keeps an unmatched quote, and spaces inside quotes', () => {
    expect(find({ TOKEN: 'va"lue"' })?.value).toBe('va"lue"');
    expect(find({ TOKEN: '" value "' })?.value).toBe(' value ');
  });

  it('restores the line breaks of a PEM that a variable writes as escapes', () => {
    const pem = '-----BEGIN TEST KEY-----\nYWJj\n-----END TEST KEY-----';
    expect(find({ TOKEN: pem.replaceAll('\n', '\\n') })?.value).toBe(pem);
    expect(find({ TOKEN: `"${pem.replaceAll('\n', '\\r\\n')}\\n"` })?.value).toBe(pem);
    expect(find({ TOKEN_FILE: file(`${pem}\n`) })?.value).toBe(pem);
  });

  it.each(['', '""', '\r', '   '])('treats the empty variable %j as missing', (TOKEN) => {
    expect(find({ TOKEN })).toBeUndefined();
  });

  it.each([
    ['is empty', () => file('\n'), /names is empty\. Write/],
    ['is not there, even where the variable is set', () => join(folder, 'none'), /no such file\. Check/],
    ['is below a file', () => join(file('x'), 'y'), /not a directory/],
    ['is a directory', () => folder, /it is a directory\. Docker makes one/],
    ['is UTF-16', () => file(Buffer.from('\uFEFFhidden', 'utf16le')), /UTF-16, as PowerShell/],
    ['is no text', () => file(Buffer.from([0x68, 0x80, 0x80])), /not UTF-8/],
    ['is too large', () => file('hidden'.repeat(100_000)), /larger than 500 KiB/],
    ['ends with a space', () => file('hidden \n'), /begins or ends with a space/],
  ])('rejects a file that %s', (_, path, sentence) => {
    const variables = { TOKEN_FILE: path(), TOKEN: 'hidden' };
    expect(() => find(variables)).toThrow(sentence);
    expect(() => find(variables)).toThrow(/^TOKEN: the file that TOKEN_FILE names/);
    expect(() => find(variables)).not.toThrow(/hidden/);
  });

  it.skipIf(process.getuid?.() === 0)('rejects a file that it may not read', () => {
    const path = file('hidden');
    chmodSync(path, 0o000);
    expect(() => find({ TOKEN_FILE: path })).toThrow(/permission denied\. Let/);
  });

  it('rejects an empty mounted file instead of using the next source', () => {
    mount('');
    expect(() => find({ TOKEN: 'value' })).toThrow(/mounted\/token is empty/);
  });

  it.each(['hidden # a comment', '"hidden" # a comment', "'hidden'\t# a comment"])(
    'rejects a comment after the value, as --env-file passes it on: %j',
    (TOKEN) => {
      expect(() => find({ TOKEN })).toThrow(/comment after the value/);
      expect(() => find({ TOKEN })).not.toThrow(/hidden/);
    },
  );

  it('keeps a # that does not follow a space', () => {
    expect(find({ TOKEN: 'a#b' })?.value).toBe('a#b');
    expect(find({ TOKEN: '"a #b"' })?.value).toBe('a #b');
  });

  it('rejects an empty value from a store', () => {
    expect(() => find({}, { name: 'the test store', current: () => '' })).toThrow(
      /the test store holds an empty/,
    );
  });
});
