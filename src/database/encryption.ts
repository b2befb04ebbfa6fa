import type { DatabaseAddress } from '#secrets/index.ts';

/** Milliseconds after which a server that refused TLS is asked for it again. */
const PLAIN_FOR = 60_000;

/** When a server refused TLS, in milliseconds of `performance.now()`, by `host:port`. */
const refusedAt = new Map<string, number>();

/** What `pg`, PostgreSQL and Node.js say if a connection failed because it used TLS. */
const REFUSES_TLS = /does not support SSL|establishing an SSL connection|, SSL (encryption|on)$/;

/** What PostgreSQL and hosted PostgreSQL say if a connection failed because it did not use TLS. */
const REQUIRES_TLS = /, (no encryption|SSL off)$|connection is insecure/i;

/** Whether to request a plain connection from a server with `sslmode=prefer`. */
export function needsPlainConnection(address: DatabaseAddress): boolean {
  return performance.now() - (refusedAt.get(serverOf(address)) ?? -PLAIN_FOR) < PLAIN_FOR;
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
