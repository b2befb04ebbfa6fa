import { hkdfSync } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { derivedKey } from '#secrets/derived-keys.ts';

const from = (AUTH_SECRET: string) => ({ variables: { AUTH_SECRET }, directory: undefined });
const secret = 'an example of thirty-two characters';

describe('derivedKey', () => {
  it('is HKDF-SHA-256 of AUTH_SECRET with the label', () => {
    const expected = Buffer.from(hkdfSync('sha256', secret, '', 'sealed sessions', 32));
    expect(derivedKey('sessions', 32, from(secret))).toEqual(expected);
  });

  it('differs for another label or another secret', () => {
    const key = derivedKey('sessions', 32, from(secret));
    expect(derivedKey('drafts', 32, from(secret))).not.toEqual(key);
    expect(derivedKey('sessions', 32, from(`${secret}.`))).not.toEqual(key);
  });

  it('is random for each label in this process if there is no AUTH_SECRET', () => {
    const key = derivedKey('sessions', 32, from(''));
    expect(key).toHaveLength(32);
    expect(derivedKey('sessions', 32, from(''))).toEqual(key);
    expect(derivedKey('drafts', 32, from(''))).not.toEqual(key);
  });

  it('is not derived from a root that is too short', () => {
    expect(() => derivedKey('sessions', 32, from('short'))).toThrow(/shorter than 32/);
  });
});
