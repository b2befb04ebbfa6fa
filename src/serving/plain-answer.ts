import type { OutgoingHttpHeaders, ServerResponse } from 'node:http';

/** Responds with one line of text, to requests that never reach a page. */
export function answerPlainly(
  response: ServerResponse,
  status: number,
  text: string,
  headers: OutgoingHttpHeaders = {},
): void {
  response
    .writeHead(status, {
      'Content-Type': 'text/plain; charset=utf-8',
      'Cache-Control': 'no-store',
      'X-Content-Type-Options': 'nosniff',
      ...headers,
    })
    .end(`${text}\n`);
}
