import { describe, expect, it } from 'vitest';
import type { DatabaseAddress } from '#secrets/database-url.ts';
import type { SecretName } from '#secrets/declaration.ts';
import type { Phase } from '#secrets/phase.ts';
import { readSecret } from '#secrets/reader.ts';

const from = (variables: Record<string, string>, phase: Phase = 'run') => ({
  variables,
  directory: undefined,
  phase,
});

describe('readSecret', () => {
  it('returns what the schema makes of the value: an address for a URL, a string for a key', () => {
    const DATABASE_URL = 'postgresql://blog:change-me@db.example/blog';
    const address: DatabaseAddress | undefined = readSecret('DATABASE_URL', from({ DATABASE_URL }))?.value;
    expect(address?.host).toBe('db.example');
    const key: string | undefined = readSecret('AUTH_SECRET', from({ AUTH_SECRET: 'x'.repeat(32) }))?.value;
    expect(key).toHaveLength(32);
  });

  it.each<[SecretName, string, RegExp]>([
    ['AUTH_SECRET', 'hidden', /shorter than 32 characters\. Make one with/],
    ['AUTH_SECRET', `hidden${'x'.repeat(30)}\nmore`, /a line break or another control character/],
    ['REVALIDATE_TOKEN', 'hidden', /shorter than 16/],
    ['STRIPE_SECRET_KEY', 'pk_test_hidden12345', /publishable key/],
    ['STRIPE_SECRET_KEY', 'hidden', /not a secret key of Stripe/],
  ])('rejects an invalid %s in a sentence that does not quote it', (name, value, sentence) => {
    expect(() => readSecret(name, from({ [name]: value }))).toThrow(sentence);
    expect(() => readSecret(name, from({ [name]: value }))).toThrow(`${name} (the variable ${name}) `);
    expect(() => readSecret(name, from({ [name]: value }))).not.toThrow(/hidden/);
  });

  const value = 'sk_test_0123456789abcdef0123456789abcdef';
  it.each<[SecretName, Phase, boolean]>([
    ['STRIPE_SECRET_KEY', 'run', true],
    ['STRIPE_SECRET_KEY', 'generate', false],
    ['STRIPE_SECRET_KEY', 'compile', false],
    ['STRIPE_SECRET_KEY', 'development', true],
    ['EMAIL_API_KEY', 'generate', true],
    ['EMAIL_API_KEY', 'run', false],
    ['EMAIL_API_KEY', 'compile', false],
    ['EMAIL_API_KEY', 'development', true],
  ])('enforces the phases: %s while in %s may be read: %s', (name, phase, allowed) => {
    const read = () => readSecret(name, from({ [name]: value }, phase));
    if (allowed) expect(read()?.value).toBe(value);
    else expect(read).toThrow(new RegExp(`^${name} is a (build|run)-time secret, but it was read while `));
  });

  it('refuses a secret outside its phase even if no source has it', () => {
    expect(() => readSecret('STRIPE_SECRET_KEY', from({}, 'generate'))).toThrow(/run-time secret/);
  });
});
