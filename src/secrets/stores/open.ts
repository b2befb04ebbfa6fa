import { environment, unquoted } from '#environment/variables.ts';
import { SECRET_NAMES } from '../declaration.ts';
import { maskSecret } from '../masking.ts';
import { perProcess } from '../per-process.ts';
import { currentPhase, mayBeReadIn, type Phase } from '../phase.ts';
import { SecretError } from '../secret-error.ts';
import { attachStore, findSecret } from '../sources.ts';
import { awsSecretsManager } from './aws-secrets-manager.ts';
import { type Keeping, type KeptStore, keepStore } from './polling.ts';
import type { SecretStore } from './store.ts';
import { vault } from './vault.ts';
import type { VaultSignIn } from './vault-client.ts';

const STORES: Record<string, () => SecretStore | Promise<SecretStore>> = {
  'aws-secrets-manager': () =>
    awsSecretsManager({ id: setting('SECRETS_STORE_ID'), prefix: setting('SECRETS_STORE_PREFIX') }),
  vault: () =>
    vault({
      address: vaultAddress(),
      namespace: setting('VAULT_NAMESPACE'),
      signIn: vaultSignIn(),
      mount: setting('VAULT_MOUNT') ?? 'secret',
      path: setting('VAULT_PATH') ?? 'sealed',
      ...vaultDatabase(),
    }),
};

/** Milliseconds; `SECRETS_REFRESH_SECONDS` changes the interval. */
const TIMES = { patience: 30_000, interval: 60_000, timeout: 5_000 };

/** Where Kubernetes puts the token of a pod's service account. */
const SERVICE_ACCOUNT = '/var/run/secrets/kubernetes.io/serviceaccount/token';

/**
 * Opens the store that `SECRETS_STORE` names, and has the reader ask it last. Only what this phase may read is asked for.
 *
 * @param options a phase other than the process's own; times and a log other than the usual ones
 * @returns `undefined` where no store is configured
 * @throws SecretError for a setting that is missing or wrong, and where the store gives nothing in time
 */
export async function openStore({
  phase = currentPhase(),
  ...keeping
}: Partial<Keeping> & { phase?: Phase } = {}): Promise<KeptStore | undefined> {
  const name = setting('SECRETS_STORE');
  if (name === undefined) return undefined;
  const make = Object.hasOwn(STORES, name) ? STORES[name] : undefined;
  if (!make) {
    throw new SecretError(
      `SECRETS_STORE names no store that is known. Use ${Object.keys(STORES).join(' or ')}.`,
    );
  }
  const store = await keepStore(
    await make(),
    SECRET_NAMES.filter((secret) => mayBeReadIn(secret, phase)),
    { ...TIMES, interval: refreshInterval(), log: console.info, ...keeping },
  );
  attachStore(store);
  return store;
}

/** What a child process would find in the store, as variables: it lives for one build, and need not ask by itself. */
export function storedVariables(phase: Phase): Record<string, string> {
  const variables: Record<string, string> = {};
  for (const name of SECRET_NAMES.filter((secret) => mayBeReadIn(secret, phase))) {
    const elsewhere = findSecret(name, { store: undefined });
    const value = perProcess.sealedStore?.current(name);
    if (!elsewhere && value !== undefined) variables[name] = value;
  }
  return variables;
}

function refreshInterval(): number {
  const text = setting('SECRETS_REFRESH_SECONDS');
  if (text === undefined) return TIMES.interval;
  const seconds = Number(text);
  if (!/^\d+$/.test(text) || seconds < 1 || seconds > 86_400)
    throw new SecretError('SECRETS_REFRESH_SECONDS is not a number of seconds from 1 to 86400.');
  return 1_000 * seconds;
}

function setting(name: string): string | undefined {
  return unquoted(environment[name] ?? '') || undefined;
}

function vaultAddress(): string {
  const address = setting('VAULT_ADDR');
  const url = address === undefined ? null : URL.parse(address);
  if (url && /^https?:$/.test(url.protocol)) return url.origin;
  throw new SecretError(
    'VAULT_ADDR is not the address of a Vault. Set it, as in https://vault.example:8200.',
  );
}

/** What a process shows to Vault comes through the reader's own sources, such as /run/secrets/vault_token. */
function shown(name: string): string | undefined {
  const found = findSecret(name, { store: undefined })?.value;
  if (found !== undefined) maskSecret(name, found);
  return found;
}

function vaultSignIn(): VaultSignIn {
  const required = (name: string) => () => {
    const value = shown(name);
    if (value === undefined) throw new SecretError(`${name} is not set, and Vault asks for it.`);
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
  if (shown('VAULT_TOKEN') === undefined) {
    throw new SecretError(
      'Vault is to be asked, but not as whom. Set VAULT_TOKEN, or VAULT_ROLE_ID and VAULT_SECRET_ID, or VAULT_KUBERNETES_ROLE.',
    );
  }
  return { kind: 'token', token: required('VAULT_TOKEN') };
}

/** Read for each sign-in: Kubernetes replaces it before it expires. */
function serviceAccountToken(): string {
  const variables = { VAULT_JWT_FILE: setting('VAULT_JWT_FILE') ?? SERVICE_ACCOUNT };
  const found = findSecret('VAULT_JWT', { variables, directory: undefined, store: undefined });
  maskSecret('VAULT_JWT', found?.value ?? '');
  return found?.value ?? '';
}

function vaultDatabase(): { database?: { path: string; at: string } } {
  const [path, at] = [setting('VAULT_DATABASE_PATH'), setting('VAULT_DATABASE_AT')];
  if (path === undefined && at === undefined) return {};
  if (path && at) return { database: { path, at } };
  throw new SecretError(
    'VAULT_DATABASE_PATH and VAULT_DATABASE_AT go together, as in database/creds/blog and db.example:5432/blog.',
  );
}
