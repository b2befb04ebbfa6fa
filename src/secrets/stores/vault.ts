import { maskSecret } from '../masking.ts';
import { credentials } from './database-credentials.ts';
import { type SecretStore, StoreError } from './store.ts';
import { isFullRenewal, type VaultAddress, VaultClient } from './vault-client.ts';

/** What to read from Vault, and where. */
export type VaultSettings = VaultAddress & {
  /** The mount path of the KV engine, version 2, such as `secret`. */
  mount: string;
  /** The secret whose keys are the names of the application's secrets, such as `blog`. */
  path: string;
  /** Set if Vault creates the database user, a new one for each lease. */
  database?: {
    /** The path of the credentials, such as `database/creds/blog`. */
    path: string;
    /** What follows the `@` in DATABASE_URL, such as `db.example:5432/blog?sslmode=require`. */
    at: string;
  };
};

type Lease = {
  url: string;
  id: string;
  token: string | undefined;
  renewable: boolean;
  from: number;
  lasts: number;
};

/** HashiCorp Vault and OpenBao: https://developer.hashicorp.com/vault/api-docs/secret/kv/kv-v2 and …/databases. */
export function vault({ mount, path, database, ...address }: VaultSettings): SecretStore {
  const client = new VaultClient(address);
  let lease: Lease | undefined;

  return {
    name: 'Vault',
    read: async (names, signal) => {
      const found = await keys(client, `${mount}/data/${path}`, names, signal);
      if (database && names.includes('DATABASE_URL')) {
        lease = await validLease(client, database, lease, signal);
        found.set('DATABASE_URL', lease.url);
      }
      return found;
    },
  };
}

async function keys(
  client: VaultClient,
  path: string,
  names: readonly string[],
  signal: AbortSignal,
): Promise<Map<string, string>> {
  const { status, body } = await client.ask('GET', path, signal);
  const { data, metadata } = (body.data ?? {}) as { data?: unknown; metadata?: { deletion_time?: string } };
  if (status === 404 && metadata?.deletion_time)
    throw new StoreError(
      `The newest version of ${path} in Vault is deleted. Undelete it, or write a new one.`,
      {
        transient: false,
      },
    );
  if (status === 404 || typeof data !== 'object' || data === null) {
    throw new StoreError(`Vault has nothing at ${path}. Check VAULT_MOUNT, VAULT_PATH and VAULT_NAMESPACE.`, {
      transient: false,
    });
  }
  return new Map(
    names.flatMap((name) => {
      const value = (data as Record<string, unknown>)[name];
      return typeof value === 'string' ? [[name, value] as const] : [];
    }),
  );
}

/** Renews a lease in its second half. Requests a new user if Vault does not renew it in full, or the token has changed. */
async function validLease(
  client: VaultClient,
  { path, at }: { path: string; at: string },
  lease: Lease | undefined,
  signal: AbortSignal,
): Promise<Lease> {
  if (lease && lease.token === client.token) {
    if (performance.now() - lease.from < lease.lasts / 2) return lease;
    const renewed = lease.renewable && (await renew(client, lease, signal));
    if (renewed) return renewed;
  }

  const { status, body } = await client.ask('GET', path, signal);
  const { username, password } = (body.data ?? {}) as { username?: unknown; password?: unknown };
  if (status === 404 || typeof username !== 'string' || typeof password !== 'string')
    throw new StoreError(`Vault returned no database user at ${path}. Check VAULT_DATABASE_PATH.`, {
      transient: false,
    });
  const url = `postgresql://${credentials(username, password)}@${at}`;
  maskSecret('DATABASE_URL', url);
  const {
    lease_id: id = '',
    renewable = false,
    lease_duration: seconds = 0,
  } = body as {
    lease_id?: string;
    renewable?: boolean;
    lease_duration?: number;
  };
  return { url, id, token: client.token, renewable, from: performance.now(), lasts: 1_000 * seconds };
}

async function renew(client: VaultClient, lease: Lease, signal: AbortSignal): Promise<Lease | undefined> {
  try {
    const { body } = await client.ask('PUT', 'sys/leases/renew', signal, { lease_id: lease.id });
    const lasts = 1_000 * Number(body.lease_duration ?? 0);
    return isFullRenewal(lasts, lease.lasts) ? { ...lease, from: performance.now(), lasts } : undefined;
  } catch (error) {
    if (error instanceof StoreError && !error.transient) return undefined;
    throw error;
  }
}
