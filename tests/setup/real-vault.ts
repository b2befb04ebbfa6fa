import { execFileSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { GenericContainer, Wait } from 'testcontainers';

/** Where Vault and OpenBao are published. A machine that has pulled one runs the suite against it too. */
const REPOSITORIES = ['hashicorp/vault', 'openbao/openbao'];

/** A Vault whose AppRole `blog` may read `secret/sealed`. */
export type VaultToRead = {
  address: string;
  roleId: string;
  secretId: string;
  /** Writes a new version of `secret/sealed`. */
  write(secret: Record<string, string>): Promise<void>;
  /** Deletes its newest version, as `vault kv delete` does. */
  deleteNewest(): Promise<void>;
  revokeTokens(): Promise<void>;
  close(): Promise<unknown>;
};

/** The images of Vault and OpenBao that the engine has; none is pulled. */
export function vaultImages(): string[] {
  try {
    return REPOSITORIES.flatMap((repository) => {
      const listed = execFileSync('docker', ['images', '--format', '{{.Repository}}:{{.Tag}}', repository]);
      return listed.toString().split('\n').filter(Boolean).slice(0, 1);
    });
  } catch {
    return [];
  }
}

/**
 * Starts an image in development mode, and sets it up over its API; see
 * https://developer.hashicorp.com/vault/api-docs/auth/approle.
 *
 * @param lasts lifetime of a token in seconds
 */
export async function startVaultImage(image: string, lasts: number): Promise<VaultToRead> {
  const root = randomBytes(16).toString('hex');
  const listen = '0.0.0.0:8200';
  const container = await new GenericContainer(image)
    .withEnvironment({
      VAULT_DEV_ROOT_TOKEN_ID: root,
      VAULT_DEV_LISTEN_ADDRESS: listen,
      BAO_DEV_ROOT_TOKEN_ID: root,
      BAO_DEV_LISTEN_ADDRESS: listen,
      SKIP_SETCAP: 'true',
    })
    .withExposedPorts(8200)
    .withWaitStrategy(Wait.forHttp('/v1/sys/health', 8200))
    .start();
  const address = `http://127.0.0.1:${container.getMappedPort(8200)}`;
  const ask = async (method: string, path: string, body?: object) => {
    const response = await fetch(`${address}/v1/${path}`, {
      method,
      headers: { 'X-Vault-Token': root },
      ...(body && { body: JSON.stringify(body) }),
    });
    const text = await response.text();
    if (!response.ok) throw new Error(`${image} answers ${response.status} to ${method} ${path}: ${text}`);
    return text ? JSON.parse(text).data : undefined;
  };
  await ask('PUT', 'sys/policies/acl/blog', {
    policy: 'path "secret/data/sealed" { capabilities = ["read"] }',
  });
  await ask('POST', 'sys/auth/approle', { type: 'approle' });
  await ask('POST', 'auth/approle/role/blog', { token_policies: 'blog', token_ttl: `${lasts}s` });
  const { role_id: roleId } = await ask('GET', 'auth/approle/role/blog/role-id');
  const { secret_id: secretId } = await ask('POST', 'auth/approle/role/blog/secret-id', {});
  return {
    address,
    roleId,
    secretId,
    write: (data) => ask('POST', 'secret/data/sealed', { data }),
    deleteNewest: () => ask('DELETE', 'secret/data/sealed'),
    revokeTokens: () => ask('PUT', 'sys/leases/revoke-prefix/auth/approle'),
    close: () => container.stop(),
  };
}
