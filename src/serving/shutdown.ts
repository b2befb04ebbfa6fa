import type { IncomingMessage, Server, ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import { disconnect } from '#database/open-client.ts';
import { onStopSignal } from './signals.ts';

/** Milliseconds for a client to send its request and to read the response; `docker stop` kills after ten seconds. */
const SLOW_CLIENT_TIMEOUT = 4_000;

/** Milliseconds for the server to respond: more than the ten seconds that a request to Stripe may take. */
export const ANSWER_TIMEOUT = 11_000;

/** A server's open connections and unfinished requests. */
type Open = { sockets: Set<Socket>; exchanges: Map<IncomingMessage, ServerResponse> };

let stopping = false;

/** Whether this process has been told to stop. */
export function isStopping(): boolean {
  return stopping;
}

/**
 * On SIGTERM or SIGINT: reports the server as not ready, keeps serving for the drain time, then accepts no new
 * connections, finishes pending responses, closes the database connections, and exits with 0.
 *
 * @param drainSeconds how long load balancers need to notice that this server is not ready
 * @param hooks `stopWatching` is called after the drain time, `beforeExit` after the last response
 */
export function stopOnSignal(
  server: Server,
  drainSeconds: number,
  { stopWatching, beforeExit }: { stopWatching: () => void; beforeExit: () => Promise<unknown> },
): void {
  const open = observe(server);
  onStopSignal(async () => {
    if (stopping) return;
    stopping = true;
    await elapsed(1_000 * drainSeconds);
    stopWatching();
    await close(server, open);
    await Promise.race([Promise.allSettled([beforeExit(), disconnect()]), elapsed(500)]);
    process.exit(0);
  });
}

/** Tracks what is open. Once the server is stopping, each response closes its connection. */
function observe(server: Server): Open {
  const open: Open = { sockets: new Set(), exchanges: new Map() };
  server.on('connection', (socket) => {
    open.sockets.add(socket);
    socket.once('close', () => open.sockets.delete(socket));
  });
  // Registered first, because the next listener may respond at once, and then no header can be set.
  server.prependListener('request', (request, response) => {
    open.exchanges.set(request, response);
    response.once('close', () => open.exchanges.delete(request));
    if (stopping) response.setHeader('Connection', 'close');
  });
  return open;
}

async function close(server: Server, open: Open): Promise<void> {
  const closed = new Promise<void>((resolve) => server.close(() => resolve()));
  const idle = setInterval(() => server.closeIdleConnections(), 50);
  await Promise.race([closed, elapsed(SLOW_CLIENT_TIMEOUT)]);
  const owed = owedAnswers(open);
  for (const socket of open.sockets) if (!owed.has(socket)) socket.destroy();
  await Promise.race([closed, elapsed(ANSWER_TIMEOUT - SLOW_CLIENT_TIMEOUT)]);
  clearInterval(idle);
  server.closeAllConnections();
}

/** The connections whose request is complete, and whose response has not begun. */
function owedAnswers({ exchanges }: Open): Set<Socket> {
  const owed = [...exchanges].filter(([request, response]) => request.complete && !response.headersSent);
  return new Set(owed.map(([request]) => request.socket));
}

function elapsed(milliseconds: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, milliseconds));
}
