import { readFileSync } from 'node:fs';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { join } from 'node:path';
import type { Duplex } from 'node:stream';
import { serveFrom } from '#build-output/build-folder.ts';
import { describeBuild, noteAnswer } from '#build-output/record.ts';
import { logReachability } from '#database/reachability.ts';
import { watchDatabase } from '#database/watch.ts';
import { setting } from '#environment/settings.ts';
import { environment } from '#environment/variables.ts';
import { readSecret, watchSecrets } from '#secrets/index.ts';
import { answerHealth } from './health.ts';
import { installServerLog } from './log.ts';
import { replaceFailure } from './responses.ts';
import { screenRequest } from './screening.ts';
import { stopOnSignal } from './shutdown.ts';
import { answerStatus } from './status.ts';

/** Milliseconds in which a request has to be here whole; what trickles in for longer is answered with 408. */
const REQUEST_TIMEOUT = 30_000;

/** Milliseconds between two looks for such requests; Node.js looks every 30 seconds by itself. */
const REQUEST_TIMEOUT_INTERVAL = 1_000;

/** The answer to CONNECT, for which Node.js makes no response. */
const NO_TUNNEL =
  'HTTP/1.1 405 Method Not Allowed\r\nAllow: GET, HEAD\r\nContent-Length: 0\r\nConnection: close\r\n\r\n';

/**
 * Serves a standalone build until SIGTERM or SIGINT, then finishes the requests in flight and exits with 0.
 *
 * @param folder holds what `next build` put into `.next/standalone`
 */
export async function serve(folder: string): Promise<void> {
  const [hostname, port] = [setting('HOSTNAME'), setting('PORT')];
  const manifest = JSON.parse(readFileSync(join(folder, '.next/required-server-files.json'), 'utf8'));
  // As Next.js's own standalone server does, so that it neither looks for next.config nor loads a compiler.
  environment.__NEXT_PRIVATE_STANDALONE_CONFIG = JSON.stringify(manifest.config);
  environment.NEXT_TELEMETRY_DISABLED = '1';
  serveFrom(folder);
  // Once more, as the store is open now: an invalid one ends the process here, and not the first sign-in.
  readSecret('AUTH_SECRET');
  installServerLog();
  console.info(describeBuild());
  logReachability(console.info);

  const { default: next } = await import('next');
  const app = next({ dev: false, dir: folder, hostname, port });
  await app.prepare();
  const handle = app.getRequestHandler();

  const options = {
    requestTimeout: REQUEST_TIMEOUT,
    connectionsCheckingInterval: REQUEST_TIMEOUT_INTERVAL,
    // A server may ignore an upgrade, and answer as if it was not asked: https://www.rfc-editor.org/rfc/rfc9110#section-7.8.
    shouldUpgradeCallback: () => false,
  };
  const server = createServer(options, (request, response) => {
    if (screenRequest(request, response)) return;
    if (answerHealth(request, response) || answerStatus(request, response)) return;
    replaceFailure(request, response, server);
    noteGenerations(request, response);
    handle(request, response).catch((error: unknown) => {
      console.error(error);
      response.destroy();
    });
  });
  server.on('connect', (_request, socket) => refuseTunnel(socket));
  // Longer than the proxies in front keep a connection, so that they never send into one that is being closed.
  server.keepAliveTimeout = 65_000;
  const watches = [watchSecrets(console.info), watchDatabase()];
  stopOnSignal(server, setting('DRAIN_SECONDS'), () => {
    for (const stop of watches) stop();
  });
  const bound = await listen(server, hostname, port);
  console.info(`Sealed is ready at http://${hostname === '0.0.0.0' ? 'localhost' : hostname}:${bound}`);
}

/** Node.js hands over the bare connection, and with it the care for its errors and its end. */
function refuseTunnel(socket: Duplex): void {
  socket.once('error', () => socket.destroy());
  socket.end(NO_TUNNEL, () => socket.destroy());
}

/** Pages that are generated while serving, for `/status`. */
function noteGenerations(request: IncomingMessage, response: ServerResponse): void {
  const path = (request.url ?? '/').split('?', 1)[0] ?? '/';
  response.once('finish', () => {
    if (response.statusCode === 200) noteAnswer(path, response.getHeader('x-nextjs-cache'));
  });
}

/** @returns the port that the server listens on, which for port 0 the system chose */
async function listen(server: Server, hostname: string, port: number): Promise<number> {
  await new Promise<void>((resolve, reject) => {
    server.once('error', (error: NodeJS.ErrnoException) =>
      reject(
        error.code === 'EADDRINUSE' ? new Error(`Port ${port} is taken. Choose another with PORT.`) : error,
      ),
    );
    server.listen(port, hostname, resolve);
  });
  const address = server.address();
  return typeof address === 'object' && address ? address.port : port;
}
