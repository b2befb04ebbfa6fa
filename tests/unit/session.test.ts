import { randomBytes } from 'node:crypto';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { isSession, SESSION_LIFE, signSession } from '#status/session.ts';

const newSecret = () => randomBytes(32).toString('hex');

afterEach(() => vi.unstubAllEnvs());

describe('a session', () => {
  it('is valid for its purpose until it expires, and reveals neither', () => {
    const purpose = newSecret();
    const now = Date.now();
    const session = signSession(purpose, now);
    expect(isSession(purpose, session, now)).toBe(true);
    expect(isSession(purpose, session, now + 1_000 * SESSION_LIFE + 1)).toBe(false);
    expect(isSession('another', session, now)).toBe(false);
    expect(session).not.toContain(purpose);
  });

  it('is valid on every replica with the same AUTH_SECRET, and on no other', () => {
    const secret = newSecret();
    vi.stubEnv('AUTH_SECRET', secret);
    const session = signSession('status');
    vi.stubEnv('AUTH_SECRET', newSecret());
    expect(isSession('status', session)).toBe(false);
    vi.stubEnv('AUTH_SECRET_PREVIOUS', secret);
    expect(isSession('status', session)).toBe(true);
  });

  it('is still accepted with an invalid AUTH_SECRET_PREVIOUS', () => {
    vi.stubEnv('AUTH_SECRET', newSecret());
    vi.stubEnv('AUTH_SECRET_PREVIOUS', 'short');
    vi.spyOn(console, 'error').mockReturnValue();
    expect(isSession('status', signSession('status'))).toBe(true);
    expect(console.error).toHaveBeenCalledExactlyOnceWith(
      expect.stringMatching(/^secrets: AUTH_SECRET_PREVIOUS .* is shorter than 32 characters/),
    );
  });

  it.each([
    ['nothing', ''],
    ['no signature', '99999999999.'],
    ['a signature that is too short', `99999999999.${'a'.repeat(42)}`],
    ['a time that is no number', `nonsense.${'a'.repeat(43)}`],
    ['a signature of zeros', `99999999999.${'A'.repeat(43)}`],
  ])('is not accepted if it is %s', (_, text) => {
    expect(isSession('status', text)).toBe(false);
  });
});
