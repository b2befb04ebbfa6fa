import * as z from 'zod/mini';
import { environment, unquoted } from './variables.ts';

/** One row: what a setting is for, which values are valid, and what applies if it is not set. */
export type SettingDeclaration = {
  /** Validates the text and produces the value. A message completes "NAME …" and says what to do. */
  schema: z.ZodMiniType<unknown, string>;
  /** The text that applies if the setting is not set. */
  default?: string;
  /** For the docs, if there is no `default`: what happens instead. */
  without?: string;
  /** What reads it: the server, the build, or every process that opens the store of secrets. */
  readBy: SettingReader;
  /** For the docs and `--help`. */
  purpose: string;
  /** The problem if it contradicts other settings, even if it is not set itself. */
  conflict?: (textOf: (name: string) => string | undefined) => string | undefined;
};

/** What reads a setting. */
export type SettingReader = 'server' | 'build' | 'store';

const text = z.string();

/**
 * Every setting of the application, one row each. To add one, add a row; the test `tests/unit/settings.test.ts` then
 * says what to add to the docs.
 */
export const SETTINGS = {
  PORT: {
    schema: wholeNumber(0, 65_535, 'is not a TCP port. Set it to a number from 0 to 65535.'),
    default: '3000',
    readBy: 'server',
    purpose: 'the port that the server listens on; 0 leaves it to the system',
  },
  HOSTNAME: {
    schema: text,
    default: '0.0.0.0',
    readBy: 'server',
    purpose: 'the address that the server listens on',
  },
  SITE_URL: {
    schema: z.pipe(
      text,
      z.transform((address, context) => {
        const url = URL.parse(address);
        if (url && /^https?:$/.test(url.protocol) && url.pathname === '/') return new URL(url.origin);
        const message = 'is not the address of a site. Set it, as in https://blog.example.';
        context.issues.push({ code: 'custom', message, input: address });
        return z.NEVER;
      }),
    ),
    without: "the request's host",
    readBy: 'server',
    purpose: "the site's public address, such as `https://blog.example`, if a proxy is in front of it",
  },
  DRAIN_SECONDS: {
    schema: wholeNumber(0, 3_600, 'is not a number of seconds. Set it to a whole number from 0 to 3600.'),
    default: '0',
    readBy: 'server',
    purpose: 'how long the server keeps answering after `SIGTERM`, in seconds, at most 3600',
  },
  METRICS_PORT: {
    schema: wholeNumber(
      0,
      65_535,
      'is not a TCP port. Set it to a number from 1 to 65535, or to 0 for none.',
    ),
    default: '0',
    readBy: 'server',
    purpose: 'the port of `/metrics` for Prometheus; 0 turns it off',
  },
  LOG_FORMAT: {
    schema: oneOf(['lines', 'json'], 'is not a log format.'),
    default: 'lines',
    readBy: 'server',
    purpose: '`json` writes each line of the log as a JSON object',
  },
  STRIPE_API_URL: {
    schema: httpUrl('is not an address. Leave it out, or set it as in https://api.stripe.com.'),
    default: 'https://api.stripe.com',
    readBy: 'server',
    purpose: "another address of Stripe's API, for tests",
  },
  PAGE_MEMORY_MB: {
    schema: wholeNumber(1, 100_000, 'is not a number of megabytes. Set it to a whole number from 1.'),
    default: '64',
    readBy: 'server',
    purpose: 'how much memory finished pages may take; the least recently used are evicted first',
  },
  SHARED_MAX_AGE: {
    schema: wholeNumber(0, 31_536_000, 'is not a number of seconds. Set it to a whole number from 0.'),
    default: '0',
    readBy: 'server',
    purpose: 'seconds for which shared caches may keep a page; browsers revalidate it each time',
  },
  CONTENT_LOG_POLL_SECONDS: {
    schema: wholeNumber(0, 86_400, 'is not a number of seconds. Set it to a whole number from 0 to 86400.'),
    default: '1',
    readBy: 'server',
    purpose: 'seconds between two reads of the content log; 0 is for databases that sleep',
  },
  GENERATED_POSTS: {
    schema: wholeNumber(0, 999_999_999, 'is not a whole number. Set it to one, such as 1000.'),
    default: '1000',
    readBy: 'build',
    purpose: 'how many of the newest posts are prerendered; older ones are rendered on their first request',
  },
  EMAIL_API_URL: {
    schema: httpUrl('is not an address. Set it, as in https://api.postmarkapp.com.'),
    default: 'https://api.postmarkapp.com',
    readBy: 'build',
    purpose: "another address of the mail provider's API",
  },
  EMAIL_TEMPLATE: {
    schema: text,
    default: 'newsletter',
    readBy: 'build',
    purpose: "the alias of the newsletter's template at the mail provider",
  },
  SECRETS_STORE: {
    schema: oneOf(['aws-secrets-manager', 'vault'], 'is not a known store.'),
    readBy: 'store',
    purpose: 'the store for secrets that are set nowhere else: `aws-secrets-manager` or `vault`',
  },
  SECRETS_REFRESH_SECONDS: {
    schema: wholeNumber(1, 86_400, 'is not a number of seconds. Set it to a whole number from 1 to 86400.'),
    default: '60',
    readBy: 'store',
    purpose: 'seconds between two requests to the store',
  },
  SECRETS_STORE_ID: {
    schema: text,
    readBy: 'store',
    purpose: 'name or ARN of one AWS secret that holds every secret as JSON',
  },
  SECRETS_STORE_PREFIX: {
    schema: text,
    readBy: 'store',
    purpose: 'used without an id: the prefix of each name in AWS Secrets Manager, such as `blog/`',
  },
  VAULT_ADDR: {
    schema: z.pipe(
      httpUrl('is not the address of a Vault. Set it, as in https://vault.example:8200.'),
      z.transform(({ origin }: URL) => origin),
    ),
    readBy: 'store',
    purpose: 'the address of Vault or OpenBao, such as `https://vault.example:8200`',
    conflict: (textOf) =>
      textOf('SECRETS_STORE') === 'vault' && !textOf('VAULT_ADDR')
        ? 'is not set, and SECRETS_STORE is vault. Set it, as in https://vault.example:8200.'
        : undefined,
  },
  VAULT_NAMESPACE: { schema: text, readBy: 'store', purpose: 'the namespace in Vault' },
  VAULT_MOUNT: {
    schema: text,
    default: 'secret',
    readBy: 'store',
    purpose: 'where the KV engine, version 2, is mounted',
  },
  VAULT_PATH: {
    schema: text,
    default: 'sealed',
    readBy: 'store',
    purpose: 'the secret in that engine whose keys are the declared names',
  },
  VAULT_ROLE_ID: {
    schema: text,
    readBy: 'store',
    purpose: 'the AppRole to sign in with, together with `VAULT_SECRET_ID`',
  },
  VAULT_KUBERNETES_ROLE: {
    schema: text,
    readBy: 'store',
    purpose: "the role to sign in with as the pod's service account",
  },
  VAULT_JWT_FILE: {
    schema: text,
    default: '/var/run/secrets/kubernetes.io/serviceaccount/token',
    readBy: 'store',
    purpose: "the file with the service account's token",
  },
  VAULT_AUTH_MOUNT: {
    schema: text,
    without: '`approle` or `kubernetes`',
    readBy: 'store',
    purpose: 'where the sign-in method is mounted',
  },
  VAULT_DATABASE_PATH: {
    schema: text,
    readBy: 'store',
    purpose: 'lets Vault create a database user for each lease, for example `database/creds/blog`',
    conflict: (textOf) =>
      (textOf('VAULT_DATABASE_PATH') === undefined) !== (textOf('VAULT_DATABASE_AT') === undefined)
        ? 'and VAULT_DATABASE_AT go together, as in database/creds/blog and db.example:5432/blog.'
        : undefined,
  },
  VAULT_DATABASE_AT: {
    schema: text,
    readBy: 'store',
    purpose: 'host, port and database for that user, for example `db.example:5432/blog?sslmode=require`',
  },
} as const satisfies Record<string, SettingDeclaration>;

/** The name of a setting. */
export type SettingName = keyof typeof SETTINGS;

/** The type that reading a setting returns: its schema's output, or `undefined` if it has no default and is not set. */
export type SettingValue<Name extends SettingName> =
  | z.output<(typeof SETTINGS)[Name]['schema']>
  | ((typeof SETTINGS)[Name] extends { default: string } ? never : undefined);

/** The names in the order of the table. */
export const SETTING_NAMES = Object.keys(SETTINGS) as SettingName[];

/** Thrown if settings are invalid. The message has one line for each. */
export class SettingsError extends Error {
  override name = 'SettingsError';
}

/**
 * Reads a setting from the environment. Enclosing quotes are removed, and an empty value counts as not set.
 *
 * @throws SettingsError if it is invalid
 */
export function setting<Name extends SettingName>(name: Name): SettingValue<Name> {
  const { value, fault } = read(name);
  if (fault) throw new SettingsError(fault);
  return value as SettingValue<Name>;
}

/** The row of a setting, without the type of its value. */
export function settingDeclaration(name: SettingName): SettingDeclaration {
  return SETTINGS[name];
}

/** One sentence for each setting of these readers that is invalid, in the order of the table. */
export function settingFaults(...readers: SettingReader[]): string[] {
  return SETTING_NAMES.filter((name) => readers.includes(SETTINGS[name].readBy) && isUsed(name)).flatMap(
    (name) => {
      const fault = read(name).fault ?? conflictOf(name);
      return fault ? [fault] : [];
    },
  );
}

/**
 * Checks every setting of these readers at once.
 *
 * @throws SettingsError with one line for each that is invalid
 */
export function requireSettings(...readers: SettingReader[]): void {
  const faults = settingFaults(...readers);
  if (faults.length > 0) throw new SettingsError(faults.join('\n'));
}

function read(name: SettingName): { value?: unknown; fault?: string } {
  const row = settingDeclaration(name);
  const given = textOf(name) ?? row.default;
  if (given === undefined) return {};
  const parsed = row.schema.safeParse(given);
  if (parsed.success) return { value: parsed.data };
  return { fault: `${name} ${parsed.error.issues[0]?.message ?? 'is not valid.'}` };
}

/** Variables such as VAULT_ADDR may be set for other programs, so they are ignored if no store is configured. */
function isUsed(name: SettingName): boolean {
  return SETTINGS[name].readBy !== 'store' || textOf('SECRETS_STORE') !== undefined;
}

function conflictOf(name: SettingName): string | undefined {
  const conflict = settingDeclaration(name).conflict?.(textOf);
  return conflict && `${name} ${conflict}`;
}

function textOf(name: string): string | undefined {
  return unquoted(environment[name] ?? '') || undefined;
}

function wholeNumber(least: number, most: number, message: string) {
  return z.pipe(
    text.check(
      z.regex(/^\d{1,9}$/, message),
      z.refine((digits) => Number(digits) >= least && Number(digits) <= most, message),
    ),
    z.transform(Number),
  );
}

function httpUrl(message: string) {
  return z.pipe(
    text.check(z.refine((address) => /^https?:$/.test(URL.parse(address)?.protocol ?? ''), message)),
    z.transform((address: string) => new URL(address)),
  );
}

function oneOf<const Choice extends string>(choices: readonly Choice[], problem: string) {
  return z.enum(choices, { error: `${problem} Use ${choices.join(' or ')}.` });
}
