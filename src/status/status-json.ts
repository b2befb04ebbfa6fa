import { statusAccess } from './access.ts';
import { statusReport } from './report.ts';

/** The report for machines: whoever sends `Authorization: Bearer` with STATUS_TOKEN. */
export async function answerStatusJson(request: Request): Promise<Response> {
  const access = statusAccess(request.headers, undefined);
  const headers = { 'Cache-Control': 'no-store' };
  if (access === 'granted') return Response.json(statusReport(), { headers });
  return access === 'off'
    ? Response.json(
        { error: 'STATUS_TOKEN is not set, so there is no status to see.' },
        { status: 404, headers },
      )
    : Response.json(
        { error: 'Send Authorization: Bearer with the value of STATUS_TOKEN.' },
        { status: 401, headers: { ...headers, 'WWW-Authenticate': 'Bearer' } },
      );
}
