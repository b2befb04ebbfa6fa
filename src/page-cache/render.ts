import { createServer, type IncomingMessage, request, type ServerResponse } from 'node:http';
import { duplexPair } from 'node:stream';
import { text } from 'node:stream/consumers';

/** Milliseconds for a render: longer than any query may take. */
const RENDER_TIMEOUT = 10_000;

/** What Next.js gives for a request. */
export type RequestHandler = (request: IncomingMessage, response: ServerResponse) => Promise<void>;

/** A document as Next.js rendered it. */
export type Rendered = { status: number; html: string };

/**
 * Has Next.js render pages for the server itself. The request carries a path and nothing else, so that no visitor can
 * influence what another one reads.
 *
 * @returns renders the document at a path now; rejects if Next.js does not answer in time
 */
export function createRenderer(handle: RequestHandler): (path: string) => Promise<Rendered> {
  // It never listens: a render is a connection in memory.
  const server = createServer((asked, response) => {
    handle(asked, response).catch((error: unknown) => response.destroy(error as Error));
  });
  return (path) =>
    new Promise((resolve, reject) => {
      const [near, far] = duplexPair();
      server.emit('connection', far);
      const asked = request({
        path,
        createConnection: () => near,
        headers: { host: 'localhost', connection: 'close' },
        signal: AbortSignal.timeout(RENDER_TIMEOUT),
      });
      asked.once('error', reject);
      asked.once('response', (response) => {
        text(response).then((html) => resolve({ status: response.statusCode ?? 500, html }), reject);
      });
      asked.end();
    });
}
