import { execFileSync, spawnSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { inspect } from 'node:util';
import { describe, expect, it } from 'vitest';
import { mask, maskError, maskSecret, onMasked } from '#secrets/masking.ts';

/** A value that occurs nowhere else in this run. */
const sentinel = () => `s${randomBytes(9).toString('hex')}`;

/** A secret URL whose password has characters that are encoded in it. */
function sentinelUrl() {
  const password = `${sentinel()}@/${sentinel()}`;
  const url = `postgresql://blog:${encodeURIComponent(password)}@db.example/blog`;
  maskSecret('DATABASE_URL', url);
  return { password, url };
}

describe('mask', () => {
  it('replaces a secret with its name', () => {
    const value = sentinel();
    maskSecret('AUTH_SECRET', value);
    expect(mask(`before ${value} after`)).toBe('before [AUTH_SECRET] after');
  });

  it.each<[string, (url: string, password: string) => string]>([
    ['the URL', (url) => url],
    ['the password as the URL has it', (_, password) => encodeURIComponent(password)],
    ['the decoded password', (_, password) => password],
    ['user and password', (_, password) => `blog:${password}`],
    ['the percent-encoded URL', (url) => encodeURIComponent(url)],
    ['the URL in base64', (url) => Buffer.from(url).toString('base64')],
    ['the password in base64', (_, password) => Buffer.from(password).toString('base64')],
  ])('covers %s', (_, form) => {
    const { url, password } = sentinelUrl();
    const text = mask(`<${form(url, password)}>`);
    expect(text).toMatch(/^<(blog:)?\[DATABASE_URL\]=*>$/);
  });

  it('covers a PEM inside JSON', () => {
    const pem = `-----BEGIN KEY-----\n${sentinel()}\n-----END KEY-----`;
    maskSecret('SIGNING_KEY', pem);
    expect(mask(JSON.stringify({ pem }))).toBe('{"pem":"[SIGNING_KEY]"}');
  });

  it('finds the password of a URL that cannot be parsed', () => {
    const password = `${sentinel()}@${sentinel()}`;
    maskSecret('DATABASE_URL', `postgresql://blog:${password}@db/blog`);
    expect(mask(`failed for ${password}`)).toBe('failed for [DATABASE_URL]');
  });

  it('masks a very short password if it stands alone, and leaves words unchanged', () => {
    maskSecret('DATABASE_URL', 'postgresql://shortpw:ab@db.example/blog');
    expect(mask('postgresql://other:ab@elsewhere')).toBe('postgresql://other[DATABASE_URL]elsewhere');
    expect(mask('an abbreviation')).toBe('an abbreviation');
  });

  it('tells a listener what was masked before and after it was added', () => {
    const [before, after] = [sentinel(), sentinel()];
    maskSecret('AUTH_SECRET', before);
    const told: string[] = [];
    onMasked((text) => told.push(text));
    maskSecret('AUTH_SECRET', after);
    expect(told).toEqual(expect.arrayContaining([before, after]));
  });
});

describe('maskError', () => {
  it('covers message, stack, causes and fields, and returns the same error', () => {
    const { password, url } = sentinelUrl();
    const error = Object.assign(new Error(`no ${url}`, { cause: new Error(password) }), {
      meta: { target: [password] },
    });
    expect(maskError(error)).toBe(error);
    expect(inspect(error, { depth: 9 })).not.toContain(password);
    expect(inspect(error, { depth: 9 })).not.toContain(encodeURIComponent(password));
    expect(error.message).toBe('no [DATABASE_URL]');
  });

  it('follows an error that is its own cause, once', () => {
    const error = new Error('again');
    error.cause = error;
    expect(maskError(error)).toBe(error);
  });
});

/** Runs a process that reads AUTH_SECRET and then does this. Returns what it printed on both outputs. */
function printedBy(script: string, AUTH_SECRET: string): string {
  const read = `import { readSecret } from '#secrets/index.ts'; const { value } = readSecret('AUTH_SECRET');`;
  const { stdout, stderr } = spawnSync(
    process.execPath,
    ['--input-type=module', '--eval', `${read} ${script}`],
    {
      env: { NODE_ENV: 'test', AUTH_SECRET },
      encoding: 'utf8',
    },
  );
  return stdout + stderr;
}

describe('a process that read a secret', () => {
  const value = `${sentinel()}${sentinel()}`;

  it.each([
    ['console.log', 'console.log("it is " + value)'],
    ['console.error with an object', 'console.error({ a: { value } })'],
    ['a buffer', 'process.stdout.write(Buffer.from(value))'],
    ['an uncaught error', 'throw new Error(value)'],
    ['an uncaught error with a field', 'throw Object.assign(new Error("no"), { value })'],
    ['an unhandled rejection', 'Promise.reject(new Error("no", { cause: new Error(value) }))'],
    ['a thrown error of a timer', 'setTimeout(() => { throw new TypeError("with " + value) })'],
  ])('does not print it with %s', (_, script) => {
    const printed = printedBy(script, value);
    expect(printed).toContain('[AUTH_SECRET]');
    expect(printed).not.toContain(value);
  });

  it('would print it if it had not read it, so this test can fail', () => {
    const printed = execFileSync(process.execPath, ['--eval', 'console.log(process.env.AUTH_SECRET)'], {
      env: { NODE_ENV: 'test', AUTH_SECRET: value },
      encoding: 'utf8',
    });
    expect(printed).toContain(value);
  });
});
