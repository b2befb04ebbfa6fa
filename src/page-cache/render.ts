import { createServer, type IncomingMessage, request, type ServerResponse } from 'node:http';
import { duplexPair } from 'node:stream';
import { text } from 'node:stream/consumers';

/** Milliseconds before a render fails: longer than any query may take. */
const RENDER_TIMEOUT = 10_000;

/** Renders at a time, since each takes memory: as many as there are connections to wait for, in src/database/client.ts. */
const CONCURRENT_RENDERS = 10;

/** The request handler of Next.js. */
export type RequestHandler = (request: IncomingMessage, response: ServerResponse) => Promise<void>;

/** A document as Next.js rendered it. */
export type Rendered = { status: number; html: string };

/**
 * Renders the document at a path now. Headers are for pages that are rendered for one visitor; pages for the cache are
 * rendered without any, so that no visitor can influence what another one reads.
 */
export type Render = (path: string, headers?: Record<string, string>) => Promise<Rendered>;

/**
 * Renders pages with Next.js, for the server itself: a few at a time, and of those that wait, the newest first, since the
 * reader who caused it may still be waiting. A render rejects if it does not finish in time once it began.
 */
export function createRenderer(handle: RequestHandler): Render {
  // This server never listens: each render is a connection in memory.
  const server = createServer((asked, response) => {
    handle(asked, response).catch((error: unknown) => response.destroy(error as Error));
  });
  const render: Render = (path, headers = {}) =>
    new Promise((resolve, reject) => {
      const [near, far] = duplexPair();
      server.emit('connection', far);
      const asked = request({
        path,
        createConnection: () => near,
        headers: { host: 'localhost', connection: 'close', ...headers },
        signal: AbortSignal.timeout(RENDER_TIMEOUT),
      });
      asked.once('error', reject);
      asked.once('response', (response) => {
        text(response).then((html) => resolve({ status: response.statusCode ?? 500, html }), reject);
      });
      asked.end();
    });

  let running = 0;
  const waiting: (() => void)[] = [];
  return async (path, headers) => {
    if (running === CONCURRENT_RENDERS) await new Promise<void>((resolve) => waiting.push(resolve));
    else running += 1;
    try {
      return await render(path, headers);
    } finally {
      // The place goes to the next one, so the number stays the same.
      const next = waiting.pop();
      if (next) next();
      else running -= 1;
    }
  };
}
