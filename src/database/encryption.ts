import type { DatabaseAddress } from '#secrets/database-url.ts';

/** Servers that refused TLS when they were last asked, as `host:port`. */
const PLAIN = new Set<string>();

/** What `pg`, PostgreSQL and Node.js say if a connection failed because it used TLS. */
const REFUSES_TLS = /does not support SSL|establishing an SSL connection|, SSL encryption$/;

/** What PostgreSQL and hosted PostgreSQL say if a connection failed because it did not use TLS. */
const REQUIRES_TLS = /, no encryption$|connection is insecure/i;

/** Whether a server with `sslmode=prefer` is to be asked for a plain connection. */
export function needsPlainConnection(address: DatabaseAddress): boolean {
  return PLAIN.has(serverOf(address));
}

/**
 * Learns from a failed connection attempt with `sslmode=prefer` whether the server takes TLS. As in libpq, one more
 * attempt of the other kind follows; `pg` itself does not know this mode.
 *
 * @returns whether to try again
 */
export function learnEncryption(error: unknown, address: DatabaseAddress): boolean {
  if (address.sslmode !== 'prefer' || !(error instanceof Error)) return false;
  const code = 'code' in error ? String(error.code) : '';
  if (REFUSES_TLS.test(error.message) || code.startsWith('ERR_SSL_') || code === 'EPROTO') {
    PLAIN.add(serverOf(address));
    return true;
  }
  return REQUIRES_TLS.test(error.message) && PLAIN.delete(serverOf(address));
}

function serverOf({ host, port }: DatabaseAddress): string {
  return `${host}:${port}`;
}
