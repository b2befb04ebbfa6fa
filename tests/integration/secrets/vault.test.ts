import { randomBytes } from 'node:crypto';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as elapsed } from 'node:timers/promises';
import { afterEach, beforeEach, describe, expect, it, onTestFinished, vi } from 'vitest';
import { mask } from '#secrets/masking.ts';
import { readSecret } from '#secrets/reader.ts';
import { attachStore } from '#secrets/sources.ts';
import { openStore } from '#secrets/stores/open.ts';
import type { PolledStore } from '#secrets/stores/polling.ts';
import { startVault, type VaultServer } from '../../setup/vault.ts';

const newSecret = () => randomBytes(24).toString('hex');
const URL_IN_VAULT = 'postgresql://blog:change-me@db.example:5432/blog';

describe('Vault as the store', () => {
  let vault: VaultServer;
  let store: PolledStore | undefined;
  let lines: string[];

  beforeEach(async () => {
    vault = await startVault();
    lines = [];
    vi.stubEnv('SECRETS_STORE', 'vault');
    vi.stubEnv('VAULT_ADDR', vault.address);
    vi.stubEnv('DATABASE_URL', '');
  });

  afterEach(async () => {
    store?.close();
    store = undefined;
    attachStore(undefined);
    vi.unstubAllEnvs();
    await vault.close();
  });

  const open = async (retryFor = 300) => {
    store = await openStore({ retryFor, timeout: 500, log: (line) => lines.push(line) });
    return store;
  };
  const withToken = (options?: { mayRead?: boolean }) => {
    const token = vault.makeToken(options);
    vi.stubEnv('VAULT_TOKEN', token);
    return token;
  };

  it('provides what is set nowhere else', async () => {
    const secret = newSecret();
    vault.secret = { AUTH_SECRET: secret, DATABASE_URL: URL_IN_VAULT, OTHER: 'not ours' };
    withToken();
    vi.stubEnv('REVALIDATE_TOKEN', newSecret());
    await open();
    expect(readSecret('AUTH_SECRET')).toEqual({ value: secret, source: 'Vault' });
    expect(readSecret('DATABASE_URL')).toMatchObject({ value: { host: 'db.example' }, source: 'Vault' });
    expect(readSecret('REVALIDATE_TOKEN')?.source).toBe('the variable REVALIDATE_TOKEN');
    expect(readSecret('STRIPE_SECRET_KEY')).toBeUndefined();
  });

  it('is queried in its namespace', async () => {
    vault.namespace = 'team/blog';
    vault.secret = { AUTH_SECRET: newSecret() };
    withToken();
    await expect(open()).rejects.toThrow(/Vault denies access to secret\/data\/sealed/);
    vi.stubEnv('VAULT_NAMESPACE', 'team/blog');
    await open();
    expect(readSecret('AUTH_SECRET')?.source).toBe('Vault');
  });

  it('accepts AppRole, with the secret id in a file', async () => {
    vault.secret = { AUTH_SECRET: newSecret() };
    const folder = mkdtempSync(join(tmpdir(), 'sealed-vault-'));
    try {
      writeFileSync(join(folder, 'secret-id'), `${vault.secretId}\n`);
      vi.stubEnv('VAULT_ROLE_ID', vault.roleId);
      vi.stubEnv('VAULT_SECRET_ID_FILE', join(folder, 'secret-id'));
      await open();
      expect(readSecret('AUTH_SECRET')?.source).toBe('Vault');
    } finally {
      rmSync(folder, { recursive: true });
    }
  });

  it('accepts the login of a Kubernetes pod', async () => {
    vault.secret = { AUTH_SECRET: newSecret() };
    const folder = mkdtempSync(join(tmpdir(), 'sealed-vault-'));
    try {
      writeFileSync(join(folder, 'token'), vault.jwt);
      vi.stubEnv('VAULT_KUBERNETES_ROLE', 'blog');
      vi.stubEnv('VAULT_JWT_FILE', join(folder, 'token'));
      await open();
      expect(readSecret('AUTH_SECRET')?.source).toBe('Vault');
    } finally {
      rmSync(folder, { recursive: true });
    }
  });

  it('has its token renewed in the second half of its lifetime', async () => {
    vault.lasts = 2;
    vault.secret = { AUTH_SECRET: newSecret() };
    vi.stubEnv('VAULT_ROLE_ID', vault.roleId);
    vi.stubEnv('VAULT_SECRET_ID', vault.secretId);
    await open();
    await vi.waitFor(
      async () => {
        await store?.refresh();
        expect(vault.asked).toContain('POST auth/token/renew-self');
      },
      { timeout: 5_000, interval: 200 },
    );
    expect(vault.asked.filter((asked) => asked.endsWith('approle/login'))).toHaveLength(1);
    expect(store?.state().problem).toBeUndefined();
  });

  it('is signed in to again if its token cannot be renewed, or is revoked', async () => {
    vault.secret = { AUTH_SECRET: newSecret() };
    vi.stubEnv('VAULT_ROLE_ID', vault.roleId);
    vi.stubEnv('VAULT_SECRET_ID', vault.secretId);
    await open();
    vault.revokeTokens();
    const next = newSecret();
    vault.secret = { AUTH_SECRET: next };
    await store?.refresh();
    expect(readSecret('AUTH_SECRET')?.value).toBe(next);
    expect(vault.asked.filter((asked) => asked.endsWith('approle/login'))).toHaveLength(2);
  });

  it('creates a database user for as long as its lease lasts, and another one when it ends', async () => {
    vault.secret = {};
    vault.lasts = 2;
    withToken();
    vi.stubEnv('VAULT_DATABASE_PATH', 'database/creds/blog');
    vi.stubEnv('VAULT_DATABASE_AT', 'db.example:5432/blog?sslmode=require');
    const user = () => readSecret('DATABASE_URL')?.value.user;
    await open();
    expect(readSecret('DATABASE_URL')?.value).toMatchObject({
      ...{ user: 'v-blog-1', password: 'p@ss/1', host: 'db.example', sslmode: 'require' },
    });
    await vi.waitFor(
      async () => {
        await store?.refresh();
        expect(vault.asked).toContain('PUT sys/leases/renew');
      },
      { timeout: 5_000, interval: 200 },
    );
    expect(user()).toBe('v-blog-1');
    vault.renewable = false;
    await vi.waitFor(
      async () => {
        await store?.refresh();
        expect(user()).toBe('v-blog-2');
      },
      { timeout: 5_000, interval: 200 },
    );
    expect(lines).toEqual([]);
  });

  const withAppRole = () => {
    vi.stubEnv('VAULT_ROLE_ID', vault.roleId);
    vi.stubEnv('VAULT_SECRET_ID', vault.secretId);
  };
  const withDatabase = () => {
    vault.secret = {};
    vi.stubEnv('VAULT_DATABASE_PATH', 'database/creds/blog');
    vi.stubEnv('VAULT_DATABASE_AT', 'db.example:5432/blog');
  };
  const user = () => readSecret('DATABASE_URL')?.value.user;

  it('creates another database user at once after a new sign-in, since the previous one ended with its token', async () => {
    withDatabase();
    withAppRole();
    await open();
    expect(vault.users()).toEqual([user()]);
    vault.revokeTokens();
    await store?.refresh();
    expect(user()).toBe('v-blog-2');
    expect(vault.users()).toEqual(['v-blog-2']);
  });

  it('replaces token and database user before the end of a lifetime that cannot be extended', async () => {
    vault.lasts = 4;
    vault.longest = 6;
    withDatabase();
    withAppRole();
    await open();
    const end = Date.now() + 20_000;
    while (user() !== 'v-blog-3' && Date.now() < end) {
      await store?.refresh();
      expect(vault.users()).toContain(user());
      await elapsed(200);
    }
    expect(user()).toBe('v-blog-3');
    expect(vault.asked).toContain('POST auth/token/renew-self');
    expect(store?.state().problem).toBeUndefined();
  });

  it('has the tokens from its sign-in masked', async () => {
    vault.secret = {};
    withAppRole();
    await open();
    expect(mask(`a line with ${vault.newestToken}`)).toBe('a line with [VAULT_TOKEN]');
    expect(mask(`and ${vault.secretId}`)).toBe('and [VAULT_SECRET_ID]');
  });

  it.each<[string, () => void, RegExp]>([
    [
      'a token without permission',
      () => withToken({ mayRead: false }),
      /^Vault denies access to secret\/data\/sealed/,
    ],
    [
      'an expired token',
      () => {
        withToken();
        vault.revokeTokens();
      },
      /Check that VAULT_TOKEN has not expired/,
    ],
    [
      'a wrong secret id',
      () => {
        vi.stubEnv('VAULT_ROLE_ID', vault.roleId);
        vi.stubEnv('VAULT_SECRET_ID', newSecret());
      },
      /^Vault refused the sign-in at auth\/approle\/login \(400\)\. Check role id and secret id\./,
    ],
    [
      'the token of another service account',
      () => {
        const folder = mkdtempSync(join(tmpdir(), 'sealed-vault-'));
        onTestFinished(() => rmSync(folder, { recursive: true }));
        writeFileSync(join(folder, 'token'), newSecret());
        vi.stubEnv('VAULT_KUBERNETES_ROLE', 'blog');
        vi.stubEnv('VAULT_JWT_FILE', join(folder, 'token'));
      },
      /^Vault refused the sign-in at auth\/kubernetes\/login \(403\)\. Check VAULT_KUBERNETES_ROLE/,
    ],
    [
      'a path that holds nothing',
      () => {
        withToken();
        vi.stubEnv('VAULT_PATH', 'nothing');
      },
      /^Vault has nothing at secret\/data\/nothing\. Check VAULT_MOUNT/,
    ],
    [
      'a deleted version',
      () => {
        withToken();
        vault.deleted = true;
      },
      /^The newest version of secret\/data\/sealed in Vault is deleted/,
    ],
    ['nobody to sign in as', () => undefined, /^There are no credentials for Vault/],
    [
      'an address that is none',
      () => vi.stubEnv('VAULT_ADDR', 'vault'),
      /^VAULT_ADDR is not the address of a Vault/,
    ],
    ['an unknown store', () => vi.stubEnv('SECRETS_STORE', 'clouds'), /^SECRETS_STORE is not a known store/],
    [
      'half of a database',
      () => {
        withToken();
        vi.stubEnv('VAULT_DATABASE_PATH', 'database/creds/blog');
      },
      /go together/,
    ],
    [
      'an interval that is none',
      () => vi.stubEnv('SECRETS_REFRESH_SECONDS', '0'),
      /^SECRETS_REFRESH_SECONDS/,
    ],
  ])('makes the command fail at once for %s, with one sentence', async (_, prepare, sentence) => {
    prepare();
    if (!process.env.VAULT_TOKEN && /SECONDS/.test(sentence.source)) withToken();
    // The retry timeout would outlast the test.
    await expect(open(600_000)).rejects.toThrow(sentence);
  });

  it.each<[string, () => void, RegExp]>([
    [
      'sealed',
      () => {
        vault.trouble = 503;
      },
      /^Vault is sealed\. Unseal it\. It was retried for 0 seconds\.$/,
    ],
    [
      'too busy',
      () => {
        vault.trouble = 429;
      },
      /^Vault is rate-limiting requests/,
    ],
    [
      'in trouble',
      () => {
        vault.trouble = 500;
      },
      /Vault failed \(500\)/,
    ],
    ...[412, 502, 504].map((status): [string, () => void, RegExp] => [
      `in the trouble of ${status}`,
      () => {
        vault.trouble = status;
      },
      new RegExp(`Vault failed \\(${status}\\)`),
    ]),
    ...[472, 473].map((status): [string, () => void, RegExp] => [
      `a standby, ${status}`,
      () => {
        vault.trouble = status;
      },
      /^Vault is a standby that does not answer\./,
    ]),
    [
      'a standby that sends elsewhere',
      () => {
        vault.trouble = 307;
      },
      /^Vault at this address is a standby that redirects its clients\. Set VAULT_ADDR/,
    ],
    [
      'silent',
      () => {
        vault.silent = true;
      },
      /does not answer/,
    ],
  ])(
    'is retried while it is %s, and then the command fails with one sentence',
    async (_, prepare, sentence) => {
      withToken();
      prepare();
      await expect(open(450)).rejects.toThrow(sentence);
      if (!vault.silent) expect(vault.asked.length).toBeGreaterThan(1);
    },
  );

  it.each<[string, Partial<VaultServer>]>([
    ['is unsealed late', { trouble: 503 }],
    ['is slow at first', { silent: true }],
  ])('is waited for if it %s', async (_, condition) => {
    vault.secret = { AUTH_SECRET: newSecret() };
    Object.assign(vault, condition);
    withToken();
    const opened = open(20_000);
    await vi.waitFor(() => expect(vault.asked.length).toBeGreaterThan(1), 10_000);
    Object.assign(vault, { trouble: undefined, silent: false });
    await opened;
    expect(readSecret('AUTH_SECRET')?.source).toBe('Vault');
  });

  it('leaves the last valid values in use if it no longer answers, or is gone', async () => {
    const secret = newSecret();
    vault.secret = { AUTH_SECRET: secret };
    withToken();
    await open();
    vault.silent = true;
    await store?.refresh();
    await vault.close();
    await store?.refresh();
    expect(readSecret('AUTH_SECRET')?.value).toBe(secret);
    expect(lines).toEqual([
      expect.stringMatching(
        /^secrets: Vault at 127\.0\.0\.1:\d+ does not answer\. .+ The previous values stay in use\.$/,
      ),
    ]);
  });

  it('leaves the last valid values in use if it is sealed later, and that is logged once', async () => {
    const secret = newSecret();
    vault.secret = { AUTH_SECRET: secret };
    withToken();
    await open();
    const { readAt } = store?.state() ?? {};
    vault.trouble = 503;
    await store?.refresh();
    await store?.refresh();
    expect(readSecret('AUTH_SECRET')?.value).toBe(secret);
    expect(store?.state()).toEqual({ name: 'Vault', readAt, problem: 'Vault is sealed. Unseal it.' });
    vault.trouble = undefined;
    const next = newSecret();
    vault.secret = { AUTH_SECRET: next };
    await store?.refresh();
    expect(readSecret('AUTH_SECRET')?.value).toBe(next);
    expect(store?.state().problem).toBeUndefined();
    expect(lines).toEqual([
      'secrets: Vault is sealed. Unseal it. The previous values stay in use.',
      'secrets: Vault works again',
    ]);
  });

  it('leaves a value in use after it was deleted, and names it in the log', async () => {
    const secret = newSecret();
    vault.secret = { AUTH_SECRET: secret };
    withToken();
    await open();
    vault.secret = {};
    await store?.refresh();
    expect(readSecret('AUTH_SECRET')?.value).toBe(secret);
    expect(store?.state().problem).toBe('AUTH_SECRET can no longer be found in Vault.');
  });

  it('has none of its data shown in any message or log line', async () => {
    const token = withToken({ mayRead: false });
    const thrown = await open().catch((error: Error) => error);
    expect(String((thrown as Error).stack)).not.toContain(token);
    expect(mask(`a line with ${token}`)).toBe('a line with [VAULT_TOKEN]');
  });
});
