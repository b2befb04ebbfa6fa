import type { IncomingMessage, ServerResponse } from 'node:http';
import { bearerToken } from '#requests/bearer.ts';
import { statusAccess } from '#status/access.ts';
import { NOT_FOUND_PATH } from './responses.ts';

/**
 * Answers for `/status` what its page can't, as Next.js begins a page's answer, 200, before it asks the page: JSON to
 * whoever accepts it, 401 to a wrong token, and the not-found page where STATUS_TOKEN is not set.
 *
 * @returns whether the request was answered
 */
export function answerStatus(request: IncomingMessage, response: ServerResponse): boolean {
  if (request.url?.split('?', 1)[0] !== '/status') return false;
  const { accept, authorization } = request.headers;
  if (accept?.includes('application/json')) {
    request.url = '/status.json';
    return false;
  }
  const access = statusAccess(authorization);
  if (access === 'off') request.url = NOT_FOUND_PATH;
  if (access !== 'denied' || bearerToken(authorization) === undefined) return false;
  response
    .writeHead(401, {
      'Content-Type': 'text/plain; charset=utf-8',
      'Cache-Control': 'no-store',
      'WWW-Authenticate': 'Bearer',
    })
    .end('Send Authorization: Bearer with the value of STATUS_TOKEN.\n');
  return true;
}
