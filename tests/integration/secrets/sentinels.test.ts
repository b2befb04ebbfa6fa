import { randomBytes } from 'node:crypto';
import { createServer, type Server, type Socket } from 'node:net';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { runNode } from '../../setup/command.ts';
import { createDatabase, type TestDatabase } from '../../setup/database.ts';

const sentinel = () => `sentinel${randomBytes(12).toString('hex')}`;

/** What would give a secret away: the value itself, and its usual encodings. */
function tellingForms(secret: string): string[] {
  const base64 = [0, 1, 2].map((shift) => {
    // The characters in the middle are the same whatever precedes them.
    const encoded = Buffer.from('x'.repeat(shift) + secret).toString('base64');
    return encoded.slice(4, -6);
  });
  return [secret, [...secret].reverse().join(''), Buffer.from(secret).toString('hex'), ...base64];
}

describe('no command prints a secret, whatever fails', () => {
  let empty: TestDatabase;
  let silent: Server;
  const sockets: Socket[] = [];
  let silentPort: number;

  beforeAll(async () => {
    empty = await createDatabase({ migrated: false });
    silent = createServer((socket) => sockets.push(socket.on('error', () => undefined)));
    await new Promise<void>((resolve) => silent.listen(0, '127.0.0.1', resolve));
    const address = silent.address();
    silentPort = typeof address === 'object' && address ? address.port : 0;
  });

  afterAll(async () => {
    for (const socket of sockets) socket.destroy();
    await new Promise((resolve) => silent.close(resolve));
  });

  const COMMANDS: [string, string[]][] = [
    ['migrate', ['src/commands/sealed.ts', 'migrate']],
    ['seed', ['src/commands/sealed.ts', 'seed']],
    ['content-revision', ['src/commands/content-revision.ts']],
    ['build:generate', ['src/commands/build-generate.ts']],
    ['docker:build', ['src/commands/docker-build.ts']],
    ['secrets', ['src/commands/secrets.ts']],
  ];

  const FAILURES: [string, (secret: string) => string][] = [
    ['a wrong password', (secret) => withParts({ password: secret })],
    ['an unknown user', (secret) => withParts({ user: secret, password: secret })],
    ['an unknown host', (secret) => `postgresql://blog:${secret}@no-such-host.invalid/blog`],
    ['a port where nothing listens', (secret) => `postgresql://blog:${secret}@127.0.0.1:1/blog`],
    ['a port that is silent', (secret) => `postgresql://blog:${secret}@127.0.0.1:${silentPort}/blog`],
    ['a database without tables, in a certain schema', () => `${empty.url}?schema=nothing`],
    ['a password that is not encoded', (secret) => `postgresql://blog:${secret}@/@127.0.0.1/blog`],
    ['a URL of another kind', (secret) => `mysql://blog:${secret}@127.0.0.1/blog`],
    ['no URL at all', (secret) => secret],
    ['a URL in two lines', (secret) => `postgresql://blog:${secret}\n${secret}@127.0.0.1/blog`],
    ['TLS that the server has not', (secret) => `${withParts({ password: secret })}?sslmode=verify-full`],
    [
      'a certificate that is not there',
      (secret) => `${withParts({ password: secret })}?sslmode=verify-full&sslrootcert=/nowhere`,
    ],
  ];

  function withParts({ user = 'blog', password }: { user?: string; password: string }): string {
    const { host, port, database } = empty.address;
    return `postgresql://${user}:${password}@${host}:${port}/${database}`;
  }

  it.each(FAILURES)('for %s', async (_, urlOf) => {
    const secret = sentinel();
    const url = urlOf(secret);
    const token = sentinel();
    const runs = COMMANDS.filter(
      // With a valid URL these commands would do real work, which other tests cover.
      ([name]) => url.includes(secret) || name === 'content-revision',
    ).map(async ([name, args]) => {
      const command = runNode('.', args, { DATABASE_URL: url, AUTH_SECRET: token, NODE_ENV: 'production' });
      const code = await command.ended;
      const printed = command.output();
      for (const form of [...tellingForms(secret), ...tellingForms(token)])
        expect(printed, name).not.toContain(form);
      expect(printed, name).not.toMatch(/\n\s+at .*:\d+:\d+/);
      // Inspecting an environment does not query a database, so only an invalid URL fails there.
      if (name !== 'secrets') expect([name, code], printed).toEqual([name, 1]);
    });
    await Promise.all(runs);
  });
});
