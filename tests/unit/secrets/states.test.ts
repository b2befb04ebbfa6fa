import { createHash } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { blocking, secretStates } from '#secrets/states.ts';

const root = 'an example of thirty-two characters';
const DATABASE_URL = 'postgresql://blog:change-me@db.example/blog';
const from = (variables: Record<string, string>) => ({ variables, directory: undefined });
const stateOf = (name: string, variables: Record<string, string>, phase: 'generate' | 'run' = 'run') =>
  secretStates(phase, from(variables)).find((state) => state.name === name);

describe('secretStates', () => {
  it('shows the source of each secret, and no value', () => {
    const states = secretStates('run', from({ DATABASE_URL, AUTH_SECRET: root }));
    expect(states.map(({ name, source }) => [name, source])).toEqual([
      ['DATABASE_URL', 'the variable DATABASE_URL'],
      ['AUTH_SECRET', 'the variable AUTH_SECRET'],
      ['AUTH_SECRET_PREVIOUS', undefined],
      ['REVALIDATE_TOKEN', undefined],
      ['STATUS_TOKEN', undefined],
      ['STRIPE_SECRET_KEY', undefined],
      ['EMAIL_API_KEY', undefined],
    ]);
    expect(JSON.stringify(states)).not.toMatch(/change-me|example of/);
  });

  it('blocks a build without its required secret, and lets a container serve without it', () => {
    expect(blocking(secretStates('generate', from({})))).toEqual([
      expect.objectContaining({
        name: 'DATABASE_URL',
        need: 'required',
        problem: expect.stringContaining('missing'),
      }),
    ]);
    expect(blocking(secretStates('run', from({})))).toEqual([]);
  });

  it('blocks on an optional secret that is set but invalid, only in the phase that uses it', () => {
    const wrong = from({ DATABASE_URL, STRIPE_SECRET_KEY: 'pk_test_0123456789' });
    expect(blocking(secretStates('run', wrong)).map(({ name }) => name)).toEqual(['STRIPE_SECRET_KEY']);
    expect(blocking(secretStates('generate', wrong))).toEqual([]);
  });

  it('reports every error at once', () => {
    const wrong = from({ DATABASE_URL: 'mysql://db', AUTH_SECRET: 'short', STRIPE_SECRET_KEY: 'x' });
    expect(blocking(secretStates('run', wrong))).toHaveLength(3);
  });

  it('returns a fingerprint that is only the same for the same value and AUTH_SECRET', () => {
    const print = (url: string, AUTH_SECRET: string) =>
      stateOf('DATABASE_URL', { DATABASE_URL: url, AUTH_SECRET })?.fingerprint;
    expect(print(DATABASE_URL, root)).toMatch(/^[0-9a-f]{10}$/);
    expect(print(DATABASE_URL, root)).toBe(print(DATABASE_URL, root));
    expect(print(DATABASE_URL, `${root}.`)).not.toBe(print(DATABASE_URL, root));
    expect(print(`${DATABASE_URL}2`, root)).not.toBe(print(DATABASE_URL, root));
    expect(print(DATABASE_URL, root)).not.toBe(
      createHash('sha256').update(DATABASE_URL).digest('hex').slice(0, 10),
    );
  });
});
