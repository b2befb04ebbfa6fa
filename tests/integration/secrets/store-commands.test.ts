import { randomBytes } from 'node:crypto';
import { afterEach, beforeEach, describe, expect, inject, it, vi } from 'vitest';
import { runNode } from '../../setup/command.ts';
import { createDatabase } from '../../setup/database.ts';
import { type Standalone, serveStandalone } from '../../setup/standalone.ts';
import { startVault, type VaultServer } from '../../setup/vault.ts';

const newSecret = () => randomBytes(24).toString('hex');

let vault: VaultServer;
let token: string;

beforeEach(async () => {
  vault = await startVault();
  token = vault.makeToken();
});

afterEach(() => vault.close());

const fromVault = () => ({ SECRETS_STORE: 'vault', VAULT_ADDR: vault.address, VAULT_TOKEN: token });

async function run(...args: string[]): Promise<{ code: number | string; output: string }> {
  const command = runNode(inject('siteFolder'), args, fromVault());
  const code = await command.ended;
  return { code, output: command.output() };
}

function expectNoSecretIn(text: string): void {
  for (const secret of [token, ...Object.values(vault.secret ?? {})]) expect(text).not.toContain(secret);
}

describe('a command, with a store', () => {
  it('migrates and seeds the database that the store names', async () => {
    const database = await createDatabase({ migrated: false });
    vault.secret = { DATABASE_URL: database.url };
    const migrated = await run('src/commands/sealed.ts', 'migrate');
    expect(migrated).toEqual({ code: 0, output: expect.stringMatching(/^migrate: applied \w+/) });
    const seeded = await run('src/commands/sealed.ts', 'seed');
    expect(seeded).toEqual({ code: 0, output: expect.stringMatching(/^seed: wrote \d+ of \d+ posts/) });
    const [row] = await database.query<{ count: number }>('SELECT count(*)::int FROM "Post"');
    expect(row?.count).toBeGreaterThan(0);
    expectNoSecretIn(migrated.output + seeded.output);
  });

  it('shows in npm run secrets what the store has, and no value', async () => {
    vault.secret = { DATABASE_URL: `postgresql://blog:${newSecret()}@db/blog`, AUTH_SECRET: newSecret() };
    const { code, output } = await run('src/commands/secrets.ts');
    expect(code, output).toBe(0);
    expect(output).toMatch(/^DATABASE_URL +build, run +optional +Vault +[0-9a-f]{10}$/m);
    expect(output).toMatch(/^AUTH_SECRET +run +optional +Vault +[0-9a-f]{10}$/m);
    expect(output).toMatch(/^STRIPE_SECRET_KEY +run +optional +nowhere$/m);
    expectNoSecretIn(output);
  });

  it.each([
    ['migrate', 'sealed: ', ['src/commands/sealed.ts', 'migrate']],
    ['seed', 'sealed: ', ['src/commands/sealed.ts', 'seed']],
    ['serve', 'sealed: ', ['.next/standalone/sealed.js', 'serve']],
    ['npm run secrets', 'secrets: ', ['src/commands/secrets.ts']],
    ['npm run build:generate', 'build:generate: ', ['src/commands/build-generate.ts']],
  ])('exits with one line if the store denies access: %s', async (_, begin, args) => {
    token = vault.makeToken({ mayRead: false });
    expect(await run(...args)).toEqual({
      code: 1,
      output: `${begin}Vault denies access to secret/data/sealed. Check that VAULT_TOKEN has not expired, and that its policy allows it, and VAULT_NAMESPACE.\n`,
    });
  });
});

describe('the server, with a store', () => {
  let site: Standalone;

  afterEach(() => site.stop());

  it('follows the store, and keeps the last valid values if it is lost', async () => {
    vault.secret = { STATUS_TOKEN: newSecret() };
    site = await serveStandalone({ ...fromVault(), SECRETS_REFRESH_SECONDS: '1' });
    const status = (sent: string) =>
      fetch(`${site.url}/status.json`, { headers: { Authorization: `Bearer ${sent}` } });
    expect((await status(vault.secret.STATUS_TOKEN ?? '')).status).toBe(200);

    const next = newSecret();
    vault.secret = { STATUS_TOKEN: next };
    await vi.waitFor(() => expect(site.log()).toContain('STATUS_TOKEN has changed (Vault), and is in use.'), {
      timeout: 10_000,
      interval: 200,
    });
    expect((await status(next)).status).toBe(200);

    vault.trouble = 503;
    const asked = vault.asked.length;
    await vi.waitFor(() => expect(vault.asked.length).toBeGreaterThan(asked + 3), 20_000);
    const report = await (await status(next)).json();
    expect(report.store).toMatchObject({ name: 'Vault', problem: 'Vault is sealed. Unseal it.' });
    expect(site.log().match(/Vault is sealed/g)).toHaveLength(1);
    expectNoSecretIn(site.log() + JSON.stringify(report));
  });
});
