import { readFileSync } from 'node:fs';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { join } from 'node:path';
import { logReachability } from '#database/reachability.ts';
import { watchDatabase } from '#database/watch.ts';
import { serveFrom } from '#generation/build-folder.ts';
import { describeBuild, noteAnswer } from '#generation/record.ts';
import { configuredSite } from '#requests/site.ts';
import { watchSecrets } from '#secrets/current.ts';
import { environment } from '#secrets/environment.ts';
import { installFrameworkKeys, ownFrameworkKeys, requireFrameworkKeys } from './framework-keys.ts';
import { quietReportedProblems } from './log.ts';
import { refuseHostilePath, replaceFailure } from './responses.ts';
import { stopOnSignal } from './shutdown.ts';
import { answerStatus } from './status.ts';

/** Where the server listens. */
export type Listening = { hostname: string; port: number };

/**
 * Serves a standalone build until SIGTERM or SIGINT, then lets requests in flight end and exits with 0.
 *
 * @param folder holds what `next build` put into `.next/standalone`
 */
export async function serve(folder: string, { hostname, port }: Listening): Promise<void> {
  const manifest = JSON.parse(readFileSync(join(folder, '.next/required-server-files.json'), 'utf8'));
  // As Next.js's own standalone server does, so that it neither looks for next.config nor loads a compiler.
  environment.__NEXT_PRIVATE_STANDALONE_CONFIG = JSON.stringify(manifest.config);
  environment.NEXT_TELEMETRY_DISABLED = '1';
  serveFrom(folder);
  configuredSite();
  quietReportedProblems();
  console.info(describeBuild());
  logReachability(console.info);

  const { default: next } = await import('next');
  const keys = ownFrameworkKeys();
  await installFrameworkKeys(folder, keys);
  const app = next({ dev: false, dir: folder, hostname, port });
  await app.prepare();
  const handle = app.getRequestHandler();

  const server = createServer((request, response) => {
    if (refuseHostilePath(request, response) || answerStatus(request, response)) return;
    replaceFailure(request, response, server);
    noteGenerations(request, response);
    handle(request, response).catch((error: unknown) => {
      console.error(error);
      response.destroy();
    });
  });
  // Longer than the proxies in front keep a connection, so that they never send into one that is being closed.
  server.keepAliveTimeout = 65_000;
  await requireFrameworkKeys(server, keys);
  const watches = [watchSecrets(console.info), watchDatabase()];
  stopOnSignal(server, () => {
    for (const stop of watches) stop();
  });
  const bound = await listen(server, { hostname, port });
  console.info(`Sealed is ready at http://${hostname === '0.0.0.0' ? 'localhost' : hostname}:${bound}`);
}

/** Pages that are generated while serving, for `/status`. */
function noteGenerations(request: IncomingMessage, response: ServerResponse): void {
  const path = (request.url ?? '/').split('?', 1)[0] ?? '/';
  response.once('finish', () => {
    if (response.statusCode === 200) noteAnswer(path, response.getHeader('x-nextjs-cache'));
  });
}

/** @returns the port that the server listens on, which for port 0 the system chose */
async function listen(server: Server, { hostname, port }: Listening): Promise<number> {
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
