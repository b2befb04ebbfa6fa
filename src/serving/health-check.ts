import { request } from 'node:http';
import { setting } from '#environment/settings.ts';

/** Less than the three seconds after which Docker kills the health check, so that the reason is logged. */
const TIMEOUT_MS = 2_500;

/** A server that listens on every address also listens on this one. */
const LOOPBACK = '127.0.0.1';

/**
 * Checks the server in the same container.
 *
 * @returns the URL that answered
 * @throws Error if nothing answers `GET /health` with 200 in time
 */
export async function checkHealth(): Promise<string> {
  const [hostname, port] = [setting('HOSTNAME'), setting('PORT')];
  if (port === 0) throw new Error('PORT is 0, so the server’s port is unknown. Set PORT to a fixed port.');
  const host = hostname === '0.0.0.0' || hostname === '::' ? LOOPBACK : hostname;
  const url = `http://${host.includes(':') ? `[${host}]` : host}:${port}/health`;
  const status = await new Promise<number | undefined>((resolve, reject) => {
    const signal = AbortSignal.timeout(TIMEOUT_MS);
    // No agent, because NODE_USE_ENV_PROXY makes the global one use a proxy.
    request({ host, port, path: '/health', agent: false, signal }, (response) => {
      response.destroy();
      resolve(response.statusCode);
    })
      .on('error', ({ message }) =>
        reject(new Error(`${url} ${signal.aborted ? 'took too long' : 'does not answer'}: ${message}.`)),
      )
      .end();
  });
  if (status !== 200) throw new Error(`${url} answers ${status}.`);
  return url;
}
