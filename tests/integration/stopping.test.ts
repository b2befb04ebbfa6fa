import { join } from 'node:path';
import { afterEach, describe, expect, inject, it } from 'vitest';
import { type Command, runNode } from '../setup/command.ts';
import { startService } from '../setup/http-service.ts';
import { openSocket, parseAnswer, untilClosed } from '../setup/raw-http.ts';
import { startStripe } from '../setup/stripe.ts';

const folder = inject('siteFolder');

/** Prints each file that a process loads, and the moment at which it first listens for SIGTERM. */
const WATCHING = `data:text/javascript,${encodeURIComponent(`
import { registerHooks } from 'node:module';
registerHooks({ load: (url, context, next) => {
  if (url.startsWith('file:')) console.log('loads ' + url);
  return next(url, context);
} });
const { on } = process;
process.on = function (name, listener) {
  on.call(this, name, listener);
  if (name === 'SIGTERM') console.log('listens');
  return this;
};`)}`;

const started: Command[] = [];
afterEach(() => Promise.all(started.splice(0).map((command) => command.stop('SIGKILL'))));

function run(args: string[], variables: Record<string, string> = {}): Command {
  const command = runNode(folder, args, {
    HOSTNAME: '127.0.0.1',
    PORT: '0',
    DATABASE_URL_FILE: join(folder, '.data/database_url'),
    ...variables,
  });
  started.push(command);
  return command;
}

const sealed = join(folder, '.next/standalone/sealed.js');

async function serve(variables: Record<string, string> = {}): Promise<{ server: Command; url: string }> {
  const server = run([sealed], variables);
  const [, url = ''] = await server.printed(/ready at (http:\S+)/);
  return { server, url };
}

/** How long to wait for something immediate, on a busy machine. */
const SOON = { timeout: 4_000 };

/** How many seconds something took. */
async function seconds(promise: Promise<unknown>): Promise<number> {
  const begin = performance.now();
  await promise;
  return (performance.now() - begin) / 1_000;
}

describe('SIGTERM during start-up', () => {
  it('is handled before anything slow is loaded', async () => {
    const server = run(['--import', WATCHING, sealed]);
    await server.printed(/^listens$/m);
    expect(await server.stop()).toBe(0);
    const [before = ''] = server.output().split(/^listens$/m);
    expect(before.match(/^loads /gm)?.length).toBeLessThanOrEqual(6);
    expect(server.output()).not.toContain('ready at');
  });

  it.each([
    ['serve', 'exits at once with 0', 'SIGTERM', 0],
    ['serve', 'exits at once with 0', 'SIGINT', 0],
    ['migrate', 'does not say that it is done', 'SIGTERM', 143],
    ['seed', 'does not say that it is done', 'SIGINT', 130],
  ] as const)('while the secret store is slow: %s %s on %s', async (job, _, signal, code) => {
    const vault = await startService(() => undefined);
    try {
      const store = { SECRETS_STORE: 'vault', VAULT_ADDR: vault.url, VAULT_TOKEN: 'a-token-for-a-test' };
      const command = run([sealed, job], store);
      await expect.poll(() => vault.received.length, { timeout: 20_000 }).toBeGreaterThan(0);
      expect(await seconds(command.stop(signal).then((ended) => expect(ended).toBe(code)))).toBeLessThan(3);
    } finally {
      await vault.close();
    }
  });
});

describe('a server that is stopping', () => {
  it('accepts no more connections, and exits at once with 0', async () => {
    const { server, url } = await serve();
    expect((await fetch(`${url}/health/ready`)).status).toBe(200);
    expect(await seconds(server.stop().then((ended) => expect(ended).toBe(0)))).toBeLessThan(3);
  });

  it('keeps responding for DRAIN_SECONDS, but is not ready', async () => {
    const { server, url } = await serve({ DRAIN_SECONDS: '"5"' });
    const ended = server.stop();
    const took = seconds(ended);
    await expect.poll(async () => (await fetch(`${url}/health/ready`)).status, SOON).toBe(503);
    const ready = await fetch(`${url}/health/ready`);
    expect(await ready.json()).toMatchObject({ status: 'stopping' });
    for (const path of ['/', '/health', '/health/live', '/posts/nonesuch']) {
      const answer = await fetch(url + path);
      expect([path, answer.status]).toEqual([path, path === '/posts/nonesuch' ? 404 : 200]);
      expect(answer.headers.get('connection')).toBe('close');
    }
    expect(await ended).toBe(0);
    expect(await took).toBeGreaterThanOrEqual(5);
    await expect(fetch(url)).rejects.toThrow('fetch failed');
  });

  it('does not start with an invalid DRAIN_SECONDS', async () => {
    for (const value of ['soon', '-1', '1.5', '99999']) {
      const server = run([sealed], { DRAIN_SECONDS: value });
      expect(await server.ended).toBe(1);
      expect(server.output()).toMatch(/^sealed: DRAIN_SECONDS is not a number of seconds\. Set it to/m);
    }
  });

  it('does not interrupt a payment while Stripe is slow', async () => {
    const stripe = await startStripe('sk_test_0123456789abcdef');
    stripe.trouble = 'silence';
    const { server, url } = await serve({
      STRIPE_SECRET_KEY: 'sk_test_0123456789abcdef',
      STRIPE_API_URL: stripe.url,
    });
    try {
      const payment = fetch(`${url}/support/checkout`, {
        method: 'POST',
        redirect: 'manual',
        headers: { Origin: url },
        body: new URLSearchParams({ amount: '5' }),
      });
      await expect.poll(() => stripe.received.length, SOON).toBe(1);
      const ended = server.stop();
      const answer = await payment;
      expect([answer.status, answer.headers.get('location')]).toEqual([303, '/support/trouble']);
      expect(await ended).toBe(0);
    } finally {
      await stripe.close();
    }
  });

  it('does not wait for a client that sends or reads slowly', async () => {
    const { server, url } = await serve();
    const { host } = new URL(url);
    const slow = await openSocket(url);
    slow.write(`POST /revalidate HTTP/1.1\r\nHost: ${host}\r\nContent-Length: 1000\r\n\r\n`);
    const trickle = setInterval(() => slow.write('a'), 200);
    const silent = await openSocket(url);
    silent.write(`GET / HTTP/1.1\r\nHost: ${host}\r\n`);
    const took = await seconds(server.stop().then((ended) => expect(ended).toBe(0)));
    clearInterval(trickle);
    expect(took).toBeLessThan(9);
  });

  it('closes the connection of a request that it rejects', async () => {
    const { server, url } = await serve({ DRAIN_SECONDS: '5' });
    const socket = await openSocket(url);
    socket.write('GET /% HTTP/1.1\r\nHost: a.example\r\n');
    const ended = server.stop();
    await expect.poll(async () => (await fetch(`${url}/health/ready`)).status, SOON).toBe(503);
    socket.write('\r\n');
    const { status, headers } = parseAnswer(await untilClosed(socket));
    expect([status, headers.connection]).toEqual([400, 'close']);
    expect(await ended).toBe(0);
    expect(server.output()).not.toMatch(/exception|headers/i);
  });
});

describe('a server', () => {
  it('does not start if its AUTH_SECRET file is missing', async () => {
    const server = run([sealed], { AUTH_SECRET_FILE: join(folder, 'nowhere') });
    expect(await server.ended).toBe(1);
    expect(server.output()).toMatch(
      /^sealed: AUTH_SECRET: the file that AUTH_SECRET_FILE names.*no such file/m,
    );
    expect(server.output()).not.toContain('ready at');
  });
});
