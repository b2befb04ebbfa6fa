import * as z from 'zod/mini';
import { parsePostgresUrl } from './postgres-url.ts';

/**
 * Every secret of the application, one row each. To add one, add a row; the test
 * `tests/unit/secrets/declared-everywhere.test.ts` then says what else has to mention it.
 */
export const SECRETS = {
  DATABASE_URL: {
    phases: { build: 'required', run: 'optional' },
    schema: z.pipe(
      z.string(),
      z.transform((url, context) => {
        const parts = parsePostgresUrl(url);
        if (!('problem' in parts)) return parts;
        context.issues.push({ code: 'custom', message: parts.problem, input: url });
        return z.NEVER;
      }),
    ),
    purpose: 'the database that pages are prerendered from, and read from at run time',
    without: 'no page can be prerendered; a running container serves only the pages that it has',
  },
  AUTH_SECRET: {
    phases: { run: 'optional' },
    schema: atLeast(32, 'Make one with: openssl rand -hex 32'),
    purpose: 'signs sessions; other keys are derived from it',
    without: 'the keys are random: they differ between replicas and are lost with the process',
  },
  AUTH_SECRET_PREVIOUS: {
    phases: { run: 'optional' },
    schema: atLeast(32, 'Set it to the previous AUTH_SECRET, or remove it.'),
    purpose: 'the previous AUTH_SECRET: what it signed stays valid',
    without: 'what it signed stays valid for a day after the change, or until a restart',
  },
  REVALIDATE_TOKEN: {
    phases: { run: 'optional' },
    schema: atLeast(16, 'Make one with: openssl rand -hex 16'),
    purpose: 'lets a CMS or a pipeline revalidate pages',
    without: 'nobody can revalidate pages from outside',
  },
  STATUS_TOKEN: {
    phases: { run: 'optional' },
    schema: atLeast(16, 'Make one with: openssl rand -hex 16'),
    purpose: 'shows /status: the state of secrets, database and pages',
    without: 'there is no /status',
  },
  STRIPE_SECRET_KEY: {
    phases: { run: 'optional' },
    schema: z.string().check(
      z.refine(
        (key) => !key.startsWith('pk_'),
        "is Stripe's publishable key. Take the secret one: sk_… or rk_…",
      ),
      z.regex(/^((sk|rk)_|pk_)\w{8,}$/, 'is not a secret key of Stripe. Those begin with sk_ or rk_.'),
    ),
    purpose: 'takes payments from readers who support the blog',
    without: '"Support this blog" is hidden',
  },
  EMAIL_API_KEY: {
    phases: { build: 'optional' },
    schema: atLeast(8, "Copy it from the mail provider's settings again."),
    purpose: "fetches the newsletter's template during the build",
    without: 'the template in the source is used',
  },
} as const satisfies Record<string, SecretDeclaration>;

/** One row: what a secret is for, when it may be read, and which values are valid. */
export type SecretDeclaration = {
  /**
   * When the secret may be read, and whether that phase fails without it:
   * `build` is while pages are generated, `run` is in the container that serves them.
   * `embedded` is for a value that is in the image on purpose, and states why that is not a leak.
   */
  phases: { build?: Need; run?: Need; embedded?: string };
  /** Validates the text and produces the value. A message completes "NAME (source) …" and never quotes the value. */
  schema: z.ZodMiniType<unknown, string>;
  purpose: string;
  /** What the application does without the secret. */
  without: string;
};

/** Whether a phase fails without the secret. */
export type Need = 'required' | 'optional';

/** The name of a declared secret. */
export type SecretName = keyof typeof SECRETS;

/** The type that reading a secret returns, such as a `DatabaseAddress` for `DATABASE_URL`. */
export type SecretValue<Name extends SecretName> = z.output<(typeof SECRETS)[Name]['schema']>;

/** The names in the order of the declaration. */
export const SECRET_NAMES = Object.keys(SECRETS) as SecretName[];

/** The row of a secret, without the type of its value. */
export function declarationOf(name: SecretName): SecretDeclaration {
  return SECRETS[name];
}

function atLeast(characters: number, advice: string) {
  return z
    .string()
    .check(
      z.minLength(characters, `is shorter than ${characters} characters. ${advice}`),
      z.regex(/^[^\p{Cc}]*$/u, `contains a line break or another control character. ${advice}`),
    );
}
