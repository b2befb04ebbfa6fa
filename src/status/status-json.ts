import { statusAccess } from './access.ts';
import { statusReport } from './report.ts';

const NO_STORE = { 'Cache-Control': 'no-store' };

const NOT_FOUND = { status: 404, headers: NO_STORE };

const UNAUTHORIZED = { status: 401, headers: { ...NO_STORE, 'WWW-Authenticate': 'Bearer' } };

const TOO_MANY = { status: 429, headers: { ...NO_STORE, 'Retry-After': '60' } };

/** The report as JSON, for clients that send STATUS_TOKEN as a bearer token. */
export async function answerStatusJson(request: Request): Promise<Response> {
  const access = statusAccess(request.headers.get('authorization'));
  if (access === 'granted') return Response.json(statusReport(), { headers: NO_STORE });
  if (access === 'off') {
    return Response.json({ error: 'The status page is off: STATUS_TOKEN is not set.' }, NOT_FOUND);
  }
  if (access === 'limited')
    return Response.json({ error: 'Too many wrong tokens. Try again in a minute.' }, TOO_MANY);
  return Response.json({ error: 'Send Authorization: Bearer with the value of STATUS_TOKEN.' }, UNAUTHORIZED);
}
