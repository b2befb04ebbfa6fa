import { randomBytes } from 'node:crypto';
import { createServer } from 'node:http';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { derivedKey, ownFrameworkKeys, requireFrameworkKeys } from '#serving/framework-keys.ts';

afterEach(() => vi.unstubAllEnvs());

const keysFrom = (secret: string) => {
  vi.stubEnv('AUTH_SECRET', secret);
  return ownFrameworkKeys();
};

describe('ownFrameworkKeys', () => {
  it('gives the same keys for the same AUTH_SECRET, and others for another', () => {
    const [secret, other] = [randomBytes(32).toString('hex'), randomBytes(32).toString('hex')];
    expect(keysFrom(secret)).toEqual(keysFrom(secret));
    const values = [keysFrom(secret), keysFrom(other)].flatMap(({ preview, serverActions }) => [
      ...Object.values(preview),
      serverActions,
    ]);
    expect(new Set(values).size).toBe(8);
  });

  it('gives random keys where there is no AUTH_SECRET', () => {
    expect(keysFrom('').preview).not.toEqual(keysFrom('').preview);
  });

  it('gives keys of the lengths that Next.js makes', () => {
    const { preview, serverActions } = keysFrom('');
    expect(preview.previewModeId).toMatch(/^[0-9a-f]{32}$/);
    expect(preview.previewModeSigningKey).toMatch(/^[0-9a-f]{64}$/);
    expect(preview.previewModeEncryptionKey).toMatch(/^[0-9a-f]{64}$/);
    expect(Buffer.from(serverActions, 'base64')).toHaveLength(32);
  });
});

describe('derivedKey', () => {
  it('keeps keys of one secret apart by their labels, and never gives the secret itself', () => {
    const secret = randomBytes(32).toString('hex');
    vi.stubEnv('AUTH_SECRET', secret);
    const [one, another] = [derivedKey('one', 32), derivedKey('another', 32)];
    expect(one).not.toEqual(another);
    expect([one.toString('hex'), another.toString('hex')]).not.toContain(secret);
  });
});

describe('requireFrameworkKeys', () => {
  const keys = ownFrameworkKeys();
  const deleted = '__prerender_bypass=; Path=/; Expires=Thu, 01 Jan 1970 00:00:00 GMT';
  const serverThat = (deletes: (cookie: string) => boolean, status = 204) =>
    createServer((request, response) => {
      const headers = deletes(request.headers.cookie ?? '') ? { 'set-cookie': [deleted] } : {};
      response.writeHead(status, headers).end();
    });
  const isOwn = (cookie: string) => cookie === `__prerender_bypass=${keys.preview.previewModeId}`;

  it.each([
    ['takes no cookie', serverThat(() => true)],
    ['takes every cookie', serverThat(() => false)],
    ['takes all but its own', serverThat(isOwn)],
    ['fails', serverThat((cookie) => !isOwn(cookie), 500)],
    ['hangs up', createServer((_, response) => response.destroy())],
  ])('refuses a server that %s', async (_, server) => {
    await expect(requireFrameworkKeys(server, keys)).rejects.toThrow(/does not take the keys/);
  });

  it('is content with a server that takes its own cookie alone, before it listens', async () => {
    const server = serverThat((cookie) => !isOwn(cookie));
    await requireFrameworkKeys(server, keys);
    expect(server.listening).toBe(false);
  });
});
