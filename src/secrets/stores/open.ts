import { requireSettings, type SettingValue, setting } from '#environment/settings.ts';
import { SECRET_NAMES } from '../declaration.ts';
import { maskSecret } from '../masking.ts';
import { currentPhase, mayBeReadIn, type Phase } from '../phase.ts';
import { SecretError } from '../secret-error.ts';
import { attachStore, findSecret, ownSources } from '../sources.ts';
import { awsSecretsManager } from './aws-secrets-manager.ts';
import { type PolledStore, type Polling, pollStore } from './polling.ts';
import type { SecretStore } from './store.ts';
import { vault } from './vault.ts';
import type { VaultSignIn } from './vault-client.ts';

const STORES: Record<NonNullable<SettingValue<'SECRETS_STORE'>>, () => SecretStore | Promise<SecretStore>> = {
  'aws-secrets-manager': () =>
    awsSecretsManager({ id: setting('SECRETS_STORE_ID'), prefix: setting('SECRETS_STORE_PREFIX') }),
  vault: () =>
    vault({
      address: setting('VAULT_ADDR') ?? '',
      namespace: setting('VAULT_NAMESPACE'),
      signIn: vaultSignIn(),
      mount: setting('VAULT_MOUNT'),
      path: setting('VAULT_PATH'),
      ...vaultDatabase(),
    }),
};

/** Default retry timeout of the first request, and timeout of each request, in milliseconds. */
const TIMES = { retryFor: 30_000, timeout: 5_000 };

/**
 * Opens the store that `SECRETS_STORE` names, as the reader's last source. Requests only what this phase may read.
 *
 * @param options a phase, if not the process's own; polling times and a log, if not the defaults
 * @returns `undefined` if no store is configured
 * @throws SettingsError for settings that are invalid, one line each
 * @throws SecretError if a credential is missing, or the store does not respond in time
 */
export async function openStore({
  phase = currentPhase(),
  ...polling
}: Partial<Polling> & { phase?: Phase } = {}): Promise<PolledStore | undefined> {
  requireSettings('store');
  const name = setting('SECRETS_STORE');
  if (name === undefined) return undefined;
  const store = await pollStore(
    await STORES[name](),
    SECRET_NAMES.filter((secret) => mayBeReadIn(secret, phase)),
    { ...TIMES, interval: 1_000 * setting('SECRETS_REFRESH_SECONDS'), log: console.info, ...polling },
  );
  attachStore(store);
  return store;
}

/** The store's values as variables for a child process, which runs for one build and need not poll the store itself. */
export function storedVariables(phase: Phase): Record<string, string> {
  const variables: Record<string, string> = {};
  for (const name of SECRET_NAMES.filter((secret) => mayBeReadIn(secret, phase))) {
    const elsewhere = findSecret(name, { store: undefined });
    const value = ownSources().store?.current(name);
    if (!elsewhere && value !== undefined) variables[name] = value;
  }
  return variables;
}

/** Reads a credential for Vault from the usual sources, such as /run/secrets/vault_token. */
function vaultCredential(name: string): string | undefined {
  const found = findSecret(name, { store: undefined })?.value;
  if (found !== undefined) maskSecret(name, found);
  return found;
}

function vaultSignIn(): VaultSignIn {
  const required = (name: string) => () => {
    const value = vaultCredential(name);
    if (value === undefined) throw new SecretError(`${name} is not set, but Vault requires it.`);
    return value;
  };
  const roleId = setting('VAULT_ROLE_ID');
  const role = setting('VAULT_KUBERNETES_ROLE');
  const mount = setting('VAULT_AUTH_MOUNT');
  if (roleId)
    return { kind: 'approle', mount: mount ?? 'approle', roleId, secretId: required('VAULT_SECRET_ID') };
  if (role) {
    return { kind: 'kubernetes', mount: mount ?? 'kubernetes', role, jwt: serviceAccountToken };
  }
  if (vaultCredential('VAULT_TOKEN') === undefined) {
    throw new SecretError(
      'There are no credentials for Vault. Set VAULT_TOKEN, or VAULT_ROLE_ID and VAULT_SECRET_ID, or VAULT_KUBERNETES_ROLE.',
    );
  }
  return { kind: 'token', token: required('VAULT_TOKEN') };
}

/** Read for each sign-in, because Kubernetes replaces it before it expires. */
function serviceAccountToken(): string {
  const variables = { VAULT_JWT_FILE: setting('VAULT_JWT_FILE') };
  const found = findSecret('VAULT_JWT', { variables, directory: undefined, store: undefined });
  maskSecret('VAULT_JWT', found?.value ?? '');
  return found?.value ?? '';
}

function vaultDatabase(): { database?: { path: string; at: string } } {
  const [path, at] = [setting('VAULT_DATABASE_PATH'), setting('VAULT_DATABASE_AT')];
  return path && at ? { database: { path, at } } : {};
}
