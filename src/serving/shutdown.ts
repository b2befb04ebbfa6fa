import type { IncomingMessage, Server, ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import { disconnect } from '#database/open-client.ts';
import { onStopSignal } from './signals.ts';

/** Milliseconds that a client gets to send its request and to read its answer; `docker stop` kills after ten seconds. */
const SLOW_CLIENT_TIMEOUT = 4_000;

/** Milliseconds that the server gets to make an answer: more than the ten seconds that a payment at Stripe may take. */
export const ANSWER_TIMEOUT = 11_000;

/** What is open on a server. */
type Open = { sockets: Set<Socket>; exchanges: Map<IncomingMessage, ServerResponse> };

let stopping = false;

/** Whether this process was told to stop. */
export function isStopping(): boolean {
  return stopping;
}

/**
 * On SIGTERM or SIGINT: reports itself not ready, keeps answering for the drain time, then takes no new connection,
 * finishes the answers that it owes, closes the database, and exits with 0.
 *
 * @param drainSeconds how long load balancers need to notice that this server is not ready
 */
export function stopOnSignal(server: Server, drainSeconds: number, stopWatching: () => void): void {
  const open = observe(server);
  onStopSignal(async () => {
    if (stopping) return;
    stopping = true;
    await elapsed(1_000 * drainSeconds);
    stopWatching();
    await close(server, open);
    await Promise.race([disconnect().catch(() => undefined), elapsed(500)]);
    process.exit(0);
  });
}

/** Notes what is open, and has each answer end its connection once the server is stopping. */
function observe(server: Server): Open {
  const open: Open = { sockets: new Set(), exchanges: new Map() };
  server.on('connection', (socket) => {
    open.sockets.add(socket);
    socket.once('close', () => open.sockets.delete(socket));
  });
  // First, as the next listener may answer at once, and a header can't be set after that.
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

/** The connections whose request is complete, and whose answer has not begun. */
function owedAnswers({ exchanges }: Open): Set<Socket> {
  const owed = [...exchanges].filter(([request, response]) => request.complete && !response.headersSent);
  return new Set(owed.map(([request]) => request.socket));
}

function elapsed(milliseconds: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, milliseconds));
}
