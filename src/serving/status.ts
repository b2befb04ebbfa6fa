import type { IncomingMessage, ServerResponse } from 'node:http';
import { bearerToken } from '#requests/bearer.ts';
import { statusAccess } from '#status/access.ts';
import { answerPlainly } from './plain-answer.ts';
import { NOT_FOUND_PATH } from './screening.ts';

/**
 * Handles what the page `/status` can't, because Next.js sends the status code 200 before it renders the page: JSON for
 * clients that accept it, 401 for a wrong token, 429 for too many, the not-found page if STATUS_TOKEN is not set.
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
  if (access === 'limited') {
    answerPlainly(response, 429, 'Too many wrong tokens. Try again in a minute.', { 'Retry-After': '60' });
    return true;
  }
  if (access !== 'denied' || bearerToken(authorization) === undefined) return false;
  answerPlainly(response, 401, 'Send Authorization: Bearer with the value of STATUS_TOKEN.', {
    'WWW-Authenticate': 'Bearer',
  });
  return true;
}
