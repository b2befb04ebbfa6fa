import type { DatabaseAddress } from '#secrets/index.ts';

/** Milliseconds before TLS is tried again with a server that refused it. */
const PLAIN_FOR = 60_000;

/** When each server last refused TLS, in milliseconds of `performance.now()`, by `host:port`. */
const refusedAt = new Map<string, number>();

/** Error messages of `pg`, PostgreSQL and Node.js for a connection that failed because it used TLS. */
const REFUSES_TLS = /does not support SSL|establishing an SSL connection|, SSL (encryption|on)$/;

/** Error messages of PostgreSQL and hosted PostgreSQL for a connection that failed because it did not use TLS. */
const REQUIRES_TLS = /, (no encryption|SSL off)$|connection is insecure/i;

/** Whether to connect without TLS under `sslmode=prefer`, because the server refused TLS recently. */
export function needsPlainConnection(address: DatabaseAddress): boolean {
  return performance.now() - (refusedAt.get(serverOf(address)) ?? -PLAIN_FOR) < PLAIN_FOR;
}

/**
 * Learns from a failed connection attempt with `sslmode=prefer` whether the server supports TLS. As in libpq, the
 * caller then tries once more the other way; `pg` itself does not support this mode.
 *
 * @returns whether to try again
 */
export function learnEncryption(error: unknown, address: DatabaseAddress): boolean {
  if (address.sslmode !== 'prefer' || !(error instanceof Error)) return false;
  const code = 'code' in error ? String(error.code) : '';
  if (REFUSES_TLS.test(error.message) || code.startsWith('ERR_SSL_') || code === 'EPROTO') {
    refusedAt.set(serverOf(address), performance.now());
    return true;
  }
  if (!REQUIRES_TLS.test(error.message)) return false;
  refusedAt.delete(serverOf(address));
  return true;
}

function serverOf({ host, port }: DatabaseAddress): string {
  return `${host}:${port}`;
}
