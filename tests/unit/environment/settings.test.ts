import { readFileSync } from 'node:fs';
import { afterEach, describe, expect, it, vi } from 'vitest';
import {
  requireSettings,
  SETTING_NAMES,
  type SettingName,
  setting,
  settingDeclaration,
  settingFaults,
} from '#environment/settings.ts';
import { SECRET_NAMES, type SecretName } from '#secrets/index.ts';
import { runNode } from '../../setup/command.ts';

afterEach(() => vi.unstubAllEnvs());

/** For each setting a valid text that differs from the default, and the parsed value. */
const VALID: Record<SettingName, [string, unknown]> = {
  PORT: ['4000', 4000],
  HOSTNAME: ['127.0.0.1', '127.0.0.1'],
  SITE_URL: ['https://blog.example/', new URL('https://blog.example')],
  DRAIN_SECONDS: ['5', 5],
  METRICS_PORT: ['9464', 9464],
  LOG_FORMAT: ['json', 'json'],
  STRIPE_API_URL: ['http://127.0.0.1:9', new URL('http://127.0.0.1:9')],
  PAGE_MEMORY_MB: ['32', 32],
  SHARED_MAX_AGE: ['60', 60],
  CONTENT_LOG_POLL_SECONDS: ['0', 0],
  GENERATED_POSTS: ['200', 200],
  EMAIL_API_URL: ['http://127.0.0.1:9', new URL('http://127.0.0.1:9')],
  EMAIL_TEMPLATE: ['weekly', 'weekly'],
  SECRETS_STORE: ['vault', 'vault'],
  SECRETS_REFRESH_SECONDS: ['1', 1],
  SECRETS_STORE_ID: ['blog', 'blog'],
  SECRETS_STORE_PREFIX: ['blog/', 'blog/'],
  VAULT_ADDR: ['https://vault.example:8200/', 'https://vault.example:8200'],
  VAULT_NAMESPACE: ['team', 'team'],
  VAULT_MOUNT: ['kv', 'kv'],
  VAULT_PATH: ['blog', 'blog'],
  VAULT_ROLE_ID: ['role', 'role'],
  VAULT_KUBERNETES_ROLE: ['blog', 'blog'],
  VAULT_JWT_FILE: ['/tmp/token', '/tmp/token'],
  VAULT_AUTH_MOUNT: ['approle-2', 'approle-2'],
  VAULT_DATABASE_PATH: ['database/creds/blog', 'database/creds/blog'],
  VAULT_DATABASE_AT: ['db.example:5432/blog', 'db.example:5432/blog'],
};

describe.each(SETTING_NAMES)('the setting %s', (name) => {
  const [text, value] = VALID[name];

  it.each([text, `"${text}"`, `'${text}'`, `"${text}"\r`, `\uFEFF${text} `])('accepts %j', (given) => {
    vi.stubEnv(name, given);
    expect(setting(name)).toEqual(value);
  });

  it.each(['', '""', ' \r'])('is not set by %j', (given) => {
    vi.stubEnv(name, undefined);
    const without = setting(name);
    vi.stubEnv(name, given);
    expect(setting(name)).toEqual(without);
  });

  it('has a valid default, if it has one', () => {
    vi.stubEnv(name, undefined);
    expect(setting(name) === undefined).toBe(settingDeclaration(name).default === undefined);
  });
});

describe('an invalid setting', () => {
  it.each<[SettingName, string]>([
    ['PORT', '65536'],
    ['PORT', '3000.5'],
    ['PORT', '-1'],
    ['SITE_URL', 'blog.example'],
    ['SITE_URL', 'https://blog.example/path'],
    ['DRAIN_SECONDS', '3601'],
    ['LOG_FORMAT', 'xml'],
    ['STRIPE_API_URL', 'ftp://api.example'],
    ['GENERATED_POSTS', 'all'],
    ['EMAIL_API_URL', 'api.example'],
    ['SECRETS_STORE', 'toString'],
    ['SECRETS_REFRESH_SECONDS', '0'],
    ['VAULT_ADDR', 'vault'],
  ])('is rejected when it is read: %s=%s', (name, text) => {
    vi.stubEnv(name, text);
    expect(() => setting(name)).toThrow(new RegExp(`^${name} (is|names) .+\\. (Set|Use|Leave|Write) .+\\.$`));
  });

  it('does no harm until it is read', async () => {
    for (const name of SETTING_NAMES) vi.stubEnv(name, '\u0000');
    vi.resetModules();
    await expect(import('#posts/published-posts.ts')).resolves.toBeDefined();
    await expect(import('#environment/settings.ts')).resolves.toBeDefined();
  });
});

describe('settingFaults', () => {
  it('has a line for each setting of the given readers', () => {
    vi.stubEnv('PORT', 'http');
    vi.stubEnv('DRAIN_SECONDS', 'a while');
    vi.stubEnv('GENERATED_POSTS', 'all');
    expect(settingFaults('server')).toEqual([
      expect.stringMatching(/^PORT /),
      expect.stringMatching(/^DRAIN_SECONDS /),
    ]);
    expect(settingFaults('build')).toEqual([expect.stringMatching(/^GENERATED_POSTS /)]);
    expect(() => requireSettings('server', 'build')).toThrow(
      /^PORT .*\nDRAIN_SECONDS .*\nGENERATED_POSTS .*$/,
    );
  });

  it('knows which settings need each other', () => {
    vi.stubEnv('SECRETS_STORE', 'vault');
    vi.stubEnv('VAULT_DATABASE_PATH', 'database/creds/blog');
    expect(settingFaults('store')).toEqual([
      expect.stringMatching(/^VAULT_ADDR is not set/),
      expect.stringMatching(/^VAULT_DATABASE_PATH and VAULT_DATABASE_AT go together/),
    ]);
  });

  it('omits the settings of a store that is not used, since other programs read the same variables', () => {
    vi.stubEnv('VAULT_ADDR', 'unix:///run/vault.sock');
    expect(settingFaults('store')).toEqual([]);
  });
});

describe('a command with invalid settings', () => {
  it.each([
    ['serve', ['PORT', 'DRAIN_SECONDS', 'LOG_FORMAT', 'SECRETS_STORE', 'AUTH_SECRET']],
    ['migrate', ['SECRETS_STORE']],
  ])('lists every error at once, one line each, and exits with 1: %s', async (command, names) => {
    const { ended, output } = runNode('.', ['src/commands/sealed.ts', command], {
      PORT: 'http',
      DRAIN_SECONDS: '-1',
      LOG_FORMAT: 'xml',
      SECRETS_STORE: 'clouds',
      AUTH_SECRET: 'short',
    });
    expect(await ended, output()).toBe(1);
    const lines = output().trim().split('\n');
    expect(lines.map((line) => /^sealed: ([A-Z_]+)/.exec(line)?.[1])).toEqual(names);
  });
});

describe('the table of settings', () => {
  const [, table = ''] = readFileSync('docs/running.md', 'utf8').split(/^## /m);

  it('is in docs/running.md', () => {
    const rows = SETTING_NAMES.map((name) => {
      const { default: value, without, purpose, readBy } = settingDeclaration(name);
      return `| \`${name}\` | ${value === undefined ? (without ?? 'none') : `\`${value}\``} | ${readBy} | ${purpose} |`;
    });
    expect(table.split('\n')).toEqual(expect.arrayContaining(rows));
    const documented = [...table.matchAll(/^\| `([A-Z_]+)` \|/gm)].map(([, name]) => name);
    expect(documented.filter((name) => !/^DATABASE_URL/.test(name ?? ''))).toEqual(SETTING_NAMES);
  });

  it('has everything that .env.example names except secrets', () => {
    const named = [...readFileSync('.env.example', 'utf8').matchAll(/^(?:# )?([A-Z][A-Z0-9_]*)=/gm)];
    const others = named
      .map(([, name = '']) => name)
      .filter((name) => !SECRET_NAMES.includes(name as SecretName));
    expect(others.filter((name) => !SETTING_NAMES.includes(name as SettingName))).toEqual([]);
  });

  it('has each build setting as an argument in the Dockerfile', () => {
    const dockerfile = readFileSync('Dockerfile', 'utf8');
    const names = SETTING_NAMES.filter((name) => settingDeclaration(name).readBy === 'build');
    expect(names.filter((name) => !new RegExp(`^ARG ${name}$`, 'm').test(dockerfile))).toEqual([]);
  });
});
