import type { IncomingMessage, ServerResponse } from 'node:http';
import { reachability } from '#database/reachability.ts';
import { isStopping } from './shutdown.ts';

/**
 * Answers health checks, without Next.js: `/health` and `/health/live` with 200 for as long as the process can answer,
 * `/health/ready` with 503 from the signal to stop on. A database that is away does not count against readiness, as
 * generated pages are served without it.
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
