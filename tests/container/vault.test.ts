import { execFileSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as elapsed } from 'node:timers/promises';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { readSecret } from '#secrets/reader.ts';
import { attachStore } from '#secrets/sources.ts';
import { openStore } from '#secrets/stores/open.ts';
import type { PolledStore } from '#secrets/stores/polling.ts';
import { runNode } from '../setup/command.ts';
import { startVaultImage, type VaultToRead, vaultImages } from '../setup/real-vault.ts';
import { startVault } from '../setup/vault.ts';

const newSecret = () => randomBytes(24).toString('hex');

/** Seconds. */
const TOKEN_LASTS = 4;

const images = vaultImages();
if (images.length === 0) {
  console.info(
    "vault: the suite's own server alone is asked. To ask Vault or OpenBao too, docker pull hashicorp/vault or openbao/openbao.",
  );
}

/** What {@link startVault} imitates; the same requests go to the real Vault if its image is available. */
async function standIn(): Promise<VaultToRead> {
  const vault = await startVault();
  vault.lasts = TOKEN_LASTS;
  vault.secret = undefined;
  const { address, roleId, secretId, close } = vault;
  return {
    ...{ address, roleId, secretId, close },
    write: async (secret) => {
      Object.assign(vault, { secret, deleted: false });
    },
    deleteNewest: async () => {
      vault.deleted = true;
    },
    revokeTokens: async () => vault.revokeTokens(),
  };
}

const servers: [string, () => Promise<VaultToRead>][] = [
  ["the suite's own server", standIn],
  ...images.map((image): [string, () => Promise<VaultToRead>] => [
    image,
    () => startVaultImage(image, TOKEN_LASTS),
  ]),
];

describe.each(servers)('Vault as the store, by AppRole: %s', (_, start) => {
  let vault: VaultToRead | undefined;
  let store: PolledStore | undefined;

  afterEach(async () => {
    store?.close();
    attachStore(undefined);
    vi.unstubAllEnvs();
    await vault?.close();
    store = undefined;
    vault = undefined;
  });

  it('is read, followed and signed in to again, and its errors are reported in our own sentences', async () => {
    const server = await start();
    vault = server;
    vi.stubEnv('SECRETS_STORE', 'vault');
    vi.stubEnv('VAULT_ADDR', server.address);
    vi.stubEnv('VAULT_ROLE_ID', server.roleId);
    const open = async () => {
      store?.close();
      store = await openStore({ retryFor: 5_000, log: () => undefined });
      return store as PolledStore;
    };
    const follow = async (secret: string) => {
      await server.write({ AUTH_SECRET: secret });
      await store?.refresh();
      expect(store?.state().problem).toBeUndefined();
      expect(readSecret('AUTH_SECRET')).toEqual({ value: secret, source: 'Vault' });
    };

    vi.stubEnv('VAULT_SECRET_ID', newSecret());
    await expect(open()).rejects.toThrow(
      /^Vault refused the sign-in at auth\/approle\/login \(400\)\. Check role id and secret id\.$/,
    );
    vi.stubEnv('VAULT_SECRET_ID', server.secretId);
    await expect(open()).rejects.toThrow(/^Vault has nothing at secret\/data\/sealed\./);

    await server.write({ AUTH_SECRET: newSecret() });
    await open();
    await follow(newSecret());
    await server.revokeTokens();
    await follow(newSecret());
    // Past the lifetime of a token, which was renewed or replaced by then.
    const end = Date.now() + 1_500 * TOKEN_LASTS;
    while (Date.now() < end) {
      await follow(newSecret());
      await elapsed(500);
    }

    await server.deleteNewest();
    await expect(open()).rejects.toThrow(/^The newest version of secret\/data\/sealed in Vault is deleted\./);
  });
});

describe('Vault as the store, over TLS', () => {
  it('is read if NODE_EXTRA_CA_CERTS names its CA, and refused with one sentence otherwise', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'sealed-vault-'));
    const [key, cert] = [join(folder, 'key.pem'), join(folder, 'cert.pem')];
    const names = ['-subj', '/CN=vault', '-addext', 'subjectAltName=IP:127.0.0.1'];
    const kind = ['-x509', '-newkey', 'rsa:2048', '-nodes', '-days', '1'];
    execFileSync('openssl', ['req', ...kind, ...names, '-keyout', key, '-out', cert], { stdio: 'pipe' });
    const vault = await startVault({ key: readFileSync(key), cert: readFileSync(cert) });
    try {
      vault.secret = { AUTH_SECRET: newSecret() };
      const show = (variables: Record<string, string>) =>
        runNode('.', ['src/commands/secrets.ts'], {
          ...{ SECRETS_STORE: 'vault', VAULT_ADDR: vault.address, VAULT_TOKEN: vault.makeToken() },
          ...variables,
        });
      const refused = show({});
      expect(await refused.ended).toBe(1);
      expect(refused.output()).toMatch(
        /^secrets: Vault at 127\.0\.0\.1:\d+ presents a certificate that is not trusted \(DEPTH_ZERO_SELF_SIGNED_CERT\)\. Name its authority's file in NODE_EXTRA_CA_CERTS\.\n$/,
      );
      const trusting = show({ NODE_EXTRA_CA_CERTS: cert });
      expect(await trusting.ended, trusting.output()).toBe(0);
      expect(trusting.output()).toMatch(/^AUTH_SECRET +run +optional +Vault /m);
    } finally {
      await vault.close();
      rmSync(folder, { recursive: true });
    }
  });
});
