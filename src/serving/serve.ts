import { existsSync, readFileSync } from 'node:fs';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { join } from 'node:path';
import type { Duplex } from 'node:stream';
import { serveFrom } from '#build-output/build-folder.ts';
import { describeBuild, IMAGES_FOLDER, PAGES_FILE } from '#build-output/record.ts';
import { currentContentLog } from '#content-log/follow.ts';
import { logReachability, reachability } from '#database/reachability.ts';
import { setting } from '#environment/settings.ts';
import { environment } from '#environment/variables.ts';
import { openPackedImages } from '#page-cache/images.ts';
import { readPack } from '#page-cache/pack.ts';
import { createPages } from '#page-cache/pages.ts';
import { readSecret, watchSecrets } from '#secrets/index.ts';
import { createAssets } from './assets.ts';
import { followContent } from './content.ts';
import { answerHealth } from './health.ts';
import { installServerLog } from './log.ts';
import { type RequestKind, serveMetrics } from './metrics.ts';
import { createNextApp } from './next-app.ts';
import { answerPlainly } from './plain-answer.ts';
import { createRenderThread } from './render-thread.ts';
import { withRequest } from './request-id.ts';
import { screenRequest } from './screening.ts';
import { stopOnSignal } from './shutdown.ts';
import { answerStatus } from './status.ts';

/** Milliseconds in which a request has to be complete; a slower one is answered with 408. */
const REQUEST_TIMEOUT = 30_000;

/** Milliseconds between checks for such requests; Node.js's default is 30 seconds. */
const REQUEST_TIMEOUT_INTERVAL = 1_000;

/** Milliseconds after which Next.js is loaded in the render thread if no page needed it before. */
const LOAD_DELAY = 500;

/** The response to CONNECT, for which Node.js provides no response object. */
const NO_TUNNEL =
  'HTTP/1.1 405 Method Not Allowed\r\nAllow: GET, HEAD\r\nContent-Length: 0\r\nConnection: close\r\n\r\n';

/**
 * Serves a standalone build until SIGTERM or SIGINT, then finishes the requests in flight and exits with 0.
 *
 * @param folder the content of `.next/standalone`, as the build left it
 * @param command the file of this command, which {@link createRenderThread} also runs
 */
export async function serve(folder: string, command: string): Promise<void> {
  const [hostname, port] = [setting('HOSTNAME'), setting('PORT')];
  const manifest = JSON.parse(readFileSync(join(folder, '.next/required-server-files.json'), 'utf8'));
  // Like Next.js's standalone server, so that Next.js neither searches for next.config nor loads a compiler.
  environment.__NEXT_PRIVATE_STANDALONE_CONFIG = JSON.stringify(manifest.config);
  environment.NEXT_TELEMETRY_DISABLED = '1';
  serveFrom(folder);
  // Again, since the store is open now: an invalid value should fail the start, not the first sign-in.
  readSecret('AUTH_SECRET');
  installServerLog();
  console.info(describeBuild());
  logReachability(console.info);

  const renderThread = createRenderThread(command);
  // Here for what only one visitor gets.
  const next = createNextApp(folder);
  const packed = join(folder, PAGES_FILE);
  const pages = createPages({
    render: (path, headers) => (headers ? next.render(path, headers) : renderThread.render(path)),
    beforeRender:
      setting('CONTENT_LOG_POLL_SECONDS') === 0 ? async () => currentContentLog()?.readOn() : undefined,
    pack: existsSync(packed) ? readPack(packed) : undefined,
    images: openPackedImages(join(folder, IMAGES_FOLDER)),
    capacity: setting('PAGE_MEMORY_MB') * 1024 * 1024,
    site: setting('SITE_URL')?.origin,
    sharedMaxAge: setting('SHARED_MAX_AGE'),
    // During an outage of the database, its one line is enough for all pages.
    log: (line) => {
      if (reachability() !== 'unreachable') console.warn(line);
    },
  });
  const answerAsset = createAssets(folder);
  const content = await followContent(pages.expire);

  const options = {
    requestTimeout: REQUEST_TIMEOUT,
    connectionsCheckingInterval: REQUEST_TIMEOUT_INTERVAL,
    // A server may ignore a request to upgrade: https://www.rfc-editor.org/rfc/rfc9110#section-7.8.
    shouldUpgradeCallback: () => false,
  };
  const metricsPort = setting('METRICS_PORT');
  const metrics =
    metricsPort > 0
      ? await serveMetrics(hostname, metricsPort, { pages, pool: renderThread.pool })
      : undefined;

  const answer = (request: IncomingMessage, response: ServerResponse): RequestKind => {
    if (screenRequest(request, response)) return 'rejected';
    if (answerHealth(request, response)) return 'health';
    if (answerStatus(request, response)) return 'dynamic page';
    if (answerAsset(request, response)) return 'asset';
    const page = pages.answer(request, response);
    if (page) return page;
    next.handle(request, response).catch((error: unknown) => {
      console.error(error);
      answerPlainly(response, 503, 'The server is not ready yet. Try again in a minute.', {
        'Retry-After': '30',
      });
    });
    return 'handler';
  };
  const server = createServer(options, (request, response) =>
    withRequest(request, () => {
      const since = performance.now();
      const kind = answer(request, response);
      metrics?.observe(kind, response, since);
    }),
  );
  server.on('connect', (_request, socket) => refuseTunnel(socket));
  // Longer than proxies keep an idle connection, so that they never send a request over one that is being closed.
  server.keepAliveTimeout = 65_000;
  const stopWatching = watchSecrets(console.info);
  stopOnSignal(server, setting('DRAIN_SECONDS'), {
    stopWatching: () => {
      stopWatching();
      void content?.stop();
    },
    beforeExit: renderThread.stop,
  });
  const bound = await listen(server, hostname, port);
  console.info(`Sealed is ready at http://${hostname === '0.0.0.0' ? 'localhost' : hostname}:${bound}`);
  setTimeout(renderThread.load, LOAD_DELAY);
}

/** Rejects CONNECT. Node.js passes on the raw socket, so its errors and its end have to be handled here. */
function refuseTunnel(socket: Duplex): void {
  socket.once('error', () => socket.destroy());
  socket.end(NO_TUNNEL, () => socket.destroy());
}

/** Starts listening. Returns the port, which the system chooses if `port` is 0. */
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
