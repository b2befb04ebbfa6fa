import { execFileSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { PostgreSqlContainer, type StartedPostgreSqlContainer } from '@testcontainers/postgresql';
import { Network, type StartedNetwork } from 'testcontainers';
import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest';
import { hasPosts } from '#database/preflight.ts';
import { parseDatabaseUrl } from '../setup/database-address.ts';
import { type Container, startContainer, tryDocker } from './engine.ts';

const built = inject('built');
const image = built?.image ?? '';

/** Named like hosted PostgreSQL, with a pooler. */
const HOST = 'ep-quiet-field-pooler.test';

/** Rejects clients without TLS, as hosted PostgreSQL does. */
const TLS_ONLY = `set -e
cp /tls/server.crt /tls/server.key "$PGDATA"
chmod 600 "$PGDATA/server.key"
echo "ssl = on" >> "$PGDATA/postgresql.conf"
{ echo "hostnossl all all all reject"; cat "$PGDATA/pg_hba.conf"; } > /tmp/pg_hba
cat /tmp/pg_hba > "$PGDATA/pg_hba.conf"
`;

describe.skipIf(!built)('a database that requires TLS', () => {
  const password = randomBytes(12).toString('hex');
  let network: StartedNetwork;
  let postgres: StartedPostgreSqlContainer;
  let folder: string;
  let container: Container | undefined;

  const openssl = (...args: string[]) => execFileSync('openssl', args, { cwd: folder, stdio: 'pipe' });

  function makeCertificates(): void {
    const key = ['-newkey', 'rsa:2048', '-nodes', '-days', '2'];
    for (const ca of ['ca', 'other-ca'])
      openssl('req', '-x509', ...key, '-subj', `/CN=${ca}`, '-keyout', `${ca}.key`, '-out', `${ca}.crt`);
    openssl('req', ...key, '-subj', `/CN=${HOST}`, '-keyout', 'server.key', '-out', 'server.csr');
    writeFileSync(join(folder, 'names'), `subjectAltName=DNS:${HOST},DNS:localhost`);
    const signed = ['-CA', 'ca.crt', '-CAkey', 'ca.key', '-CAcreateserial', '-days', '2'];
    openssl('x509', '-req', '-in', 'server.csr', ...signed, '-extfile', 'names', '-out', 'server.crt');
  }

  beforeAll(async () => {
    folder = mkdtempSync(join(tmpdir(), 'sealed-tls-'));
    makeCertificates();
    const file = (name: string) => ({
      content: readFileSync(join(folder, name), 'utf8'),
      target: `/tls/${name}`,
      mode: 0o644,
    });
    network = await new Network().start();
    postgres = await new PostgreSqlContainer('postgres:18')
      .withDatabase('blog')
      .withUsername('blog')
      .withPassword(password)
      .withNetwork(network)
      .withNetworkAliases(HOST)
      .withCopyContentToContainer([
        file('server.crt'),
        file('server.key'),
        { content: TLS_ONLY, target: '/docker-entrypoint-initdb.d/tls.sh', mode: 0o755 },
      ])
      .start();
    const migrated = await run(`postgresql://blog:${password}@${HOST}/blog?sslmode=require`, 'migrate');
    expect(migrated).toMatchObject({ code: 0 });
  });

  afterAll(async () => {
    container?.remove();
    await postgres.stop();
    await network.stop();
    rmSync(folder, { recursive: true });
  });

  const options = (url: string) => {
    writeFileSync(join(folder, '.env'), `DATABASE_URL=${url}\n`);
    return [
      ...['--network', network.getName(), '--env-file', join(folder, '.env')],
      ...['--volume', `${join(folder, 'ca.crt')}:/etc/ca.crt:ro`],
    ];
  };

  const run = (url: string, command: string) => tryDocker(['run', '--rm', ...options(url), image, command]);

  const connect = (host: string, query: string) =>
    hasPosts(
      parseDatabaseUrl(`postgresql://blog:${password}@${host}:${postgres.getPort()}/blog${query}`, 'a test'),
    );
  const certificate = (name: string) => `&sslrootcert=${join(folder, name)}`;

  it('is reached through a pooler with sslmode=require, from the image', async () => {
    container = await startContainer(
      image,
      options(`postgresql://blog:${password}@${HOST}/blog?sslmode=require&channel_binding=require`),
    );
    expect((await fetch(`${container.url}/posts/nonesuch`)).status).toBe(404);
  });

  it('is reached with sslmode=verify-full and its CA file, from the image', async () => {
    const url = `postgresql://blog:${password}@${HOST}/blog?sslmode=verify-full&sslrootcert=/etc/ca.crt`;
    expect(await run(url, 'migrate')).toMatchObject({ code: 0 });
  });

  it('causes an error that says so if TLS is not used', async () => {
    await expect(connect('127.0.0.1', '')).rejects.toThrow(
      'Access to the database "blog" on 127.0.0.1 was refused, because it accepts only TLS connections. Add ?sslmode=require to DATABASE_URL.',
    );
  });

  it.each([
    ['with verify-full and its own name', 'localhost', 'verify-full', 'ca.crt'],
    ['with verify-ca under another name', '127.0.0.1', 'verify-ca', 'ca.crt'],
    ['with require under another name', '127.0.0.1', 'require', ''],
  ])('is reached %s', async (_, host, mode, ca) => {
    expect(await connect(host, `?sslmode=${mode}${ca ? certificate(ca) : ''}`)).toBe(false);
  });

  it.each([
    ['verify-full under another name', '127.0.0.1', 'verify-full', 'ca.crt'],
    ['verify-full and another authority', 'localhost', 'verify-full', 'other-ca.crt'],
    ['verify-ca and another authority', 'localhost', 'verify-ca', 'other-ca.crt'],
    ["verify-full and the system's authorities alone", 'localhost', 'verify-full', ''],
  ])('is not connected to with %s', async (_, host, mode, ca) => {
    await expect(connect(host, `?sslmode=${mode}${ca ? certificate(ca) : ''}`)).rejects.toThrow(
      /TLS|certificate/i,
    );
  });
});
