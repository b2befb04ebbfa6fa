import type { IncomingMessage, ServerResponse } from 'node:http';
import { reachability } from '#database/reachability.ts';
import { isStopping } from './shutdown.ts';

/**
 * Answers health checks, without Next.js: `/health` and `/health/live` with 200 as long as the process can respond,
 * `/health/ready` with 503 after the signal to stop. The server stays ready if the database is unreachable, since
 * prerendered pages do not need it.
 *
 * @returns whether the request was answered
 */
export function answerHealth(request: IncomingMessage, response: ServerResponse): boolean {
  const path = request.url?.split('?', 1)[0] ?? '';
  if (!['/health', '/health/live', '/health/ready'].includes(path)) return false;
  const stopping = path === '/health/ready' && isStopping();
  response
    .writeHead(stopping ? 503 : 200, { 'Content-Type': 'application/json', 'Cache-Control': 'no-store' })
    .end(JSON.stringify({ status: stopping ? 'stopping' : 'ok', database: reachability() }));
  return true;
}
