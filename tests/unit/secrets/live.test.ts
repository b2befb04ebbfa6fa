import { randomBytes } from 'node:crypto';
import { chmodSync, mkdtempSync, renameSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { rotatingKeys } from '#secrets/derived-keys.ts';
import {
  liveSecret,
  optionalSecret,
  previousSecret,
  refreshSecrets,
  secretProblem,
  watchSecrets,
} from '#secrets/live.ts';
import { SecretError } from '#secrets/secret-error.ts';

const newSecret = () => randomBytes(32).toString('hex');

describe('a secret in a process that watches its sources', () => {
  let folder: string;
  let file: string;
  let lines: string[];
  let stop: () => void;

  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'sealed-current-'));
    file = join(folder, 'auth_secret');
    vi.stubEnv('AUTH_SECRET_FILE', file);
    lines = [];
  });

  afterEach(() => {
    stop();
    vi.unstubAllEnvs();
    rmSync(folder, { recursive: true });
  });

  const watch = (value: string) => {
    writeFileSync(file, value);
    stop = watchSecrets((line) => lines.push(line));
    expect(liveSecret('AUTH_SECRET')?.value).toBe(value);
  };

  /** As a careful writer does: the file is complete whenever it is read. */
  const replace = (value: string) => {
    writeFileSync(`${file}.new`, value);
    renameSync(`${file}.new`, file);
  };

  it('counts as missing for a feature if it is invalid, which is logged once', () => {
    const said = vi.spyOn(console, 'error').mockReturnValue();
    writeFileSync(file, 'short');
    stop = watchSecrets((line) => lines.push(line));
    expect(optionalSecret('AUTH_SECRET')).toBeUndefined();
    expect(optionalSecret('AUTH_SECRET')).toBeUndefined();
    expect(said).toHaveBeenCalledExactlyOnceWith(
      expect.stringMatching(/^secrets: AUTH_SECRET .* is shorter than 32 characters/),
    );
    said.mockRestore();
  });

  it('is reported as invalid in the same words after another bundle of the process has read it', async () => {
    writeFileSync(file, 'short');
    stop = watchSecrets((line) => lines.push(line));
    expect(() => liveSecret('AUTH_SECRET')).toThrow(SecretError);
    vi.resetModules();
    const [bundle, { SecretError: Theirs }] = [
      await import('#secrets/live.ts'),
      await import('#secrets/secret-error.ts'),
    ];
    expect(Theirs).not.toBe(SecretError);
    expect(() => bundle.liveSecret('AUTH_SECRET')).toThrow(Theirs);
    expect(() => bundle.liveSecret('AUTH_SECRET')).toThrow(/is shorter than 32 characters/);
  });

  it('is read once, not for each use', () => {
    const value = newSecret();
    watch(value);
    rmSync(file);
    expect(liveSecret('AUTH_SECRET')?.value).toBe(value);
  });

  it('follows its file when that is written', async () => {
    watch(newSecret());
    const next = newSecret();
    writeFileSync(file, next);
    await vi.waitFor(() => expect(liveSecret('AUTH_SECRET')?.value).toBe(next), 5_000);
  });

  it('follows its file when another replaces it, as Vault Agent does with a file of any name', async () => {
    watch(newSecret());
    for (const next of [newSecret(), newSecret()]) {
      const written = join(folder, randomBytes(4).toString('hex'));
      writeFileSync(written, next, { mode: 0o600 });
      chmodSync(written, 0o440);
      renameSync(written, file);
      await vi.waitFor(() => expect(liveSecret('AUTH_SECRET')?.value).toBe(next), 5_000);
    }
    expect(lines).toHaveLength(2);
  });

  it('keeps its value while a writer has only emptied its file', async () => {
    const value = newSecret();
    watch(value);
    writeFileSync(file, '');
    await vi.waitFor(() => expect(secretProblem('AUTH_SECRET')).toMatch(/is empty/), 5_000);
    expect(liveSecret('AUTH_SECRET')?.value).toBe(value);
    const next = newSecret();
    writeFileSync(file, next);
    await vi.waitFor(() => expect(liveSecret('AUTH_SECRET')?.value).toBe(next), 5_000);
  });

  it('keeps its value if Vault Agent has no value to write', async () => {
    const value = newSecret();
    watch(value);
    replace('<no value>');
    await refreshSecrets();
    expect(liveSecret('AUTH_SECRET')?.value).toBe(value);
  });

  it('follows its file when another replaces it, as Kubernetes does with a link', async () => {
    watch(newSecret());
    const next = newSecret();
    writeFileSync(join(folder, 'version-2'), next);
    symlinkSync('version-2', `${file}.link`);
    renameSync(`${file}.link`, file);
    await vi.waitFor(() => expect(liveSecret('AUTH_SECRET')?.value).toBe(next), 5_000);
    expect(lines).toEqual([
      'secrets: AUTH_SECRET has changed (the file that AUTH_SECRET_FILE names), and is in use.',
    ]);
  });

  it.each([
    ['is empty', '', /is empty/],
    ['is too short', 'short', /is shorter than 32 characters/],
  ])('keeps its value if the new one %s, which is logged once', async (_, wrong, sentence) => {
    const value = newSecret();
    watch(value);
    replace(wrong);
    await refreshSecrets();
    await refreshSecrets();
    expect(liveSecret('AUTH_SECRET')?.value).toBe(value);
    expect(secretProblem('AUTH_SECRET')).toMatch(sentence);
    expect(lines).toHaveLength(1);
    expect(lines[0]).toMatch(/The previous value stays in use\.$/);
    const next = newSecret();
    replace(next);
    await refreshSecrets();
    expect(liveSecret('AUTH_SECRET')?.value).toBe(next);
    expect(secretProblem('AUTH_SECRET')).toBeUndefined();
  });

  it('keeps its value if its file is deleted', async () => {
    const value = newSecret();
    watch(value);
    rmSync(file);
    await refreshSecrets();
    expect(liveSecret('AUTH_SECRET')?.value).toBe(value);
    expect(secretProblem('AUTH_SECRET')).toMatch(/AUTH_SECRET/);
  });

  it('is picked up if there was none at first', async () => {
    vi.stubEnv('AUTH_SECRET_FILE', '');
    stop = watchSecrets((line) => lines.push(line));
    expect(liveSecret('AUTH_SECRET')).toBeUndefined();
    vi.stubEnv('AUTH_SECRET', newSecret());
    await refreshSecrets();
    expect(liveSecret('AUTH_SECRET')?.source).toBe('the variable AUTH_SECRET');
  });

  it('queries the store first when it is read again', async () => {
    const { attachStore } = await import('#secrets/sources.ts');
    vi.stubEnv('AUTH_SECRET_FILE', '');
    let [shown, next] = [newSecret(), newSecret()];
    attachStore({
      name: 'the store',
      current: (name) => (name === 'AUTH_SECRET' ? shown : undefined),
      refresh: async () => {
        shown = next;
      },
    });
    stop = watchSecrets((line) => lines.push(line));
    try {
      expect(liveSecret('AUTH_SECRET')?.value).not.toBe(next);
      await refreshSecrets();
      expect(liveSecret('AUTH_SECRET')?.value).toBe(next);
    } finally {
      attachStore(undefined);
    }
  });

  it('has its previous value accepted for an overlap', async () => {
    const first = newSecret();
    watch(first);
    const [firstKey] = rotatingKeys('a test', 32);
    expect(rotatingKeys('a test', 32)).toHaveLength(1);
    replace(newSecret());
    await refreshSecrets();
    expect(previousSecret('AUTH_SECRET', 60_000)).toBe(first);
    const [now, before] = rotatingKeys('a test', 32);
    expect(before).toEqual(firstKey);
    expect(now).not.toEqual(firstKey);
    vi.useFakeTimers({ now: Date.now() + 61_000, toFake: ['Date'] });
    expect(previousSecret('AUTH_SECRET', 60_000)).toBeUndefined();
    vi.setSystemTime(Date.now() + 24 * 60 * 60 * 1_000);
    expect(rotatingKeys('a test', 32)).toHaveLength(1);
    vi.useRealTimers();
  });

  it('is shown in no log line', async () => {
    const [first, next] = [newSecret(), newSecret()];
    watch(first);
    replace(next);
    await refreshSecrets();
    expect(lines.join()).not.toMatch(new RegExp(`${first}|${next}`));
    expect(lines).toHaveLength(1);
  });
});
