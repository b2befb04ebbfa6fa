import { createServer, type RequestListener, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, describe, expect, it } from 'vitest';
import { runNode } from '../setup/command.ts';

const answers: RequestListener = ({ url }, response) => {
  response.statusCode = url === '/health' ? 200 : 404;
  response.end();
};

let server: Server | undefined;

/** @returns the port, or `undefined` if this machine does not have the address */
async function listen(hostname: string, listener: RequestListener): Promise<number | undefined> {
  const started = createServer(listener);
  server = started;
  return new Promise((resolve, reject) => {
    started.once('error', ({ code }: NodeJS.ErrnoException) =>
      code === 'EADDRNOTAVAIL' || code === 'EAFNOSUPPORT' ? resolve(undefined) : reject(code),
    );
    started.listen(0, hostname, () => resolve((started.address() as AddressInfo).port));
  });
}

async function health(variables: Record<string, string | undefined>) {
  const set = Object.fromEntries(Object.entries(variables).filter(([, value]) => value !== undefined));
  const command = runNode('.', ['src/commands/sealed.ts', 'health'], set as Record<string, string>);
  return { code: await command.ended, output: command.output() };
}

afterEach(() => {
  server?.closeAllConnections();
  server?.close();
  server = undefined;
});

describe('sealed health', () => {
  it.each(['0.0.0.0', '::', '127.0.0.1', '127.0.0.2', '::1', 'localhost'])(
    'finds a server that listens on %s, with the quotes and line endings of an env file',
    async (hostname) => {
      const port = await listen(hostname, answers);
      if (port === undefined) return expect(hostname).not.toBe('127.0.0.1');
      const { code, output } = await health({ PORT: `"${port}"\r`, HOSTNAME: `'${hostname}'\r` });
      expect({ code, output }).toEqual({
        code: 0,
        output: expect.stringContaining(`:${port}/health answers`),
      });
    },
  );

  it('queries neither a secret store nor a proxy, and does not depend on valid secrets', async () => {
    const port = await listen('127.0.0.1', answers);
    const { code, output } = await health({
      PORT: String(port),
      HOSTNAME: undefined,
      SECRETS_STORE: 'nonesuch',
      DATABASE_URL_FILE: '/nonesuch',
      NODE_USE_ENV_PROXY: '1',
      HTTP_PROXY: 'http://127.0.0.1:9',
    });
    expect(code, output).toBe(0);
  });

  it.each<[string, RequestListener, RegExp]>([
    ['answers with an error', (_, response) => response.writeHead(503).end(), /answers 503\.$/],
    ['accepts a request and never answers', () => undefined, /took too long/],
    ['hangs up', ({ socket }) => socket.destroy(), /does not answer: .+\.$/],
  ])("fails within Docker's time limit if the server %s", async (_, listener, sentence) => {
    const port = await listen('127.0.0.1', listener);
    const start = performance.now();
    const { code, output } = await health({ PORT: String(port) });
    // The image allows 3 seconds. Starting Node.js takes part of it, and more on a busy machine.
    expect(performance.now() - start).toBeLessThan(6_000);
    expect(code).toBe(1);
    expect(output.trim()).toMatch(sentence);
    expect(output.trim().split('\n')).toHaveLength(1);
  });

  it.each([
    ['nothing listens', '9', /does not answer: connect ECONNREFUSED/],
    ['PORT is not a port', 'http', /^sealed: PORT is not a TCP port/],
    ['the system chose the port', '0', /^sealed: PORT is 0/],
  ])('fails with one line if %s', async (_, port, sentence) => {
    const { code, output } = await health({ PORT: port });
    expect(code).toBe(1);
    expect(output).toMatch(sentence);
    expect(output.trim().split('\n')).toHaveLength(1);
  });
});
