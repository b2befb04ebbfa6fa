import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { optionalBuildSecrets } from '#building/build-secret.ts';

afterEach(() => vi.unstubAllEnvs());

const options = () => optionalBuildSecrets().map(({ option }) => option);

describe('optionalBuildSecrets', () => {
  it('lists those that are set, by variable or by file', () => {
    vi.stubEnv('EMAIL_API_KEY_FILE', '');
    vi.stubEnv('EMAIL_API_KEY', 'a key of a provider');
    expect(options()).toEqual(['id=email_api_key,env=EMAIL_API_KEY']);
    const folder = mkdtempSync(join(tmpdir(), 'sealed-option-'));
    const file = join(folder, 'key');
    try {
      writeFileSync(file, 'a key of a provider');
      vi.stubEnv('EMAIL_API_KEY', '');
      vi.stubEnv('EMAIL_API_KEY_FILE', file);
      expect(options()).toEqual([`id=email_api_key,src=${file}`]);
      writeFileSync(file, '');
      expect(options()).toEqual([]);
    } finally {
      rmSync(folder, { recursive: true });
    }
  });
});
