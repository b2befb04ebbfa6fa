import type { Server } from 'node:http';
import { disconnect } from '#database/one-per-process.ts';

/** Milliseconds that requests in flight get to end; orchestrators kill after ten seconds, and people wait for less. */
const DRAIN_TIMEOUT = 4_000;

/** On SIGTERM or SIGINT: takes no new connection, lets requests in flight end, closes the database, exits with 0. */
export function stopOnSignal(server: Server, stopWatching: () => void): void {
  let stopping = false;
  const stop = async () => {
    if (stopping) return;
    stopping = true;
    stopWatching();
    await drain(server);
    await Promise.race([disconnect().catch(() => undefined), elapsed(500)]);
    process.exit(0);
  };
  process.on('SIGTERM', stop);
  process.on('SIGINT', stop);
  // A keep-alive connection would otherwise bring requests for as long as its client likes.
  server.on('request', (_request, response) => {
    if (stopping) response.setHeader('Connection', 'close');
  });
}

async function drain(server: Server): Promise<void> {
  const closed = new Promise<void>((resolve) => server.close(() => resolve()));
  const idle = setInterval(() => server.closeIdleConnections(), 50);
  await Promise.race([closed, elapsed(DRAIN_TIMEOUT)]);
  clearInterval(idle);
  server.closeAllConnections();
}

function elapsed(milliseconds: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, milliseconds));
}
