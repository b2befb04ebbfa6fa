import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { readSecret } from '#secrets/reader.ts';

let folder: string;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'sealed-secrets-'));
});

afterEach(() => rmSync(folder, { recursive: true }));

function file(content: string): string {
  const path = join(folder, 'secret.txt');
  writeFileSync(path, content);
  return path;
}

describe('readSecret', () => {
  it('reads the file that the _FILE variable names, before the variable', () => {
    const found = readSecret('TOKEN', { TOKEN_FILE: file('from-file'), TOKEN: 'from-variable' });
    expect(found).toEqual({ value: 'from-file', source: 'the file that TOKEN_FILE names' });
  });

  it.each([
    ['a line end', 'value\n'],
    ['a Windows line end', 'value\r\n'],
    ['a byte order mark', '\uFEFFvalue'],
    ['double quotes around it', '"value"\n'],
    ['single quotes around it', "'value'"],
  ])('reads a file with %s', (_, content) => {
    expect(readSecret('TOKEN', { TOKEN_FILE: file(content) })?.value).toBe('value');
  });

  it('understands quotes and a carriage return in a variable, as --env-file hands them over', () => {
    expect(readSecret('TOKEN', { TOKEN: '"value"\r' })?.value).toBe('value');
  });

  it('keeps a quote that has no partner', () => {
    expect(readSecret('TOKEN', { TOKEN: 'va"lue"' })?.value).toBe('va"lue"');
  });

  it.each(['', '""', '\r'])('takes the empty variable %j for a missing one', (TOKEN) => {
    expect(readSecret('TOKEN', { TOKEN })).toBeUndefined();
  });

  it('refuses an empty file', () => {
    expect(() => readSecret('TOKEN', { TOKEN_FILE: file('\n') })).toThrow(/TOKEN_FILE names is empty/);
  });

  it('refuses a file that is not there, even where the variable is set', () => {
    expect(() => readSecret('TOKEN', { TOKEN_FILE: join(folder, 'none'), TOKEN: 'value' })).toThrow(
      /no such file/,
    );
  });

  it('refuses a directory', () => {
    mkdirSync(join(folder, 'directory'));
    expect(() => readSecret('TOKEN', { TOKEN_FILE: join(folder, 'directory') })).toThrow(/it is a directory/);
  });
});
